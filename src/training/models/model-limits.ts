const mebibyte = 1024 * 1024

/** What the zip of an imported model may be, besides its size, packed and unpacked, which the operator sets. */
export const modelLimits = {
  entries: 1_000,
  /** Of a path in the zip, in characters. */
  pathLength: 1_000,
  /** How many times as large as packed a file of more than 1 MiB may become: weights hardly shrink, zeros do. */
  unpackedTimes: 200,
  /** Of the `model.json`. */
  jsonBytes: 4 * mebibyte,
} as const
