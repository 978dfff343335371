const mebibyte = 1024 * 1024

/** What an uploaded dataset may be, besides what the operator sets: the bytes of an upload and of a user's quota. */
export const datasetLimits = {
  /** How long a whole upload may take to arrive, after which what there is of it is removed. */
  uploadHours: 1,
  entries: 120_000,
  /** Of a path in the zip, in characters. */
  pathLength: 1_000,
  /** Of everything in the zip together, unpacked. */
  unpackedBytes: 1024 * mebibyte,
  /** Of one file in it, unpacked: an image, or an IDX file. */
  imageFileBytes: 32 * mebibyte,
  idxFileBytes: 512 * mebibyte,
  /** How many times as large as packed a file of more than 1 MiB may become. */
  unpackedTimes: 200,
  images: 100_000,
  /** Of one image as it was sent, and of all of them. */
  pixelsOfImage: 25_000_000,
  pixels: 5_000_000_000,
  /** A label is a byte. */
  classes: { min: 2, max: 256 },
  classNameLength: 100,
  /** The least of a class: one to train on, one to test with. */
  imagesOfClass: 2,
  /** Of an image as it is trained on, in pixels. */
  side: { min: 8, max: 224 },
  /** All images as they are trained on, in colour. */
  decodedBytes: 512 * mebibyte,
  /** Of the process that decodes. */
  memoryBytes: 2048 * mebibyte,
  decodingMs: 15 * 60_000,
} as const
