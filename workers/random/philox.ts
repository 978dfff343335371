const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10

/**
 * Philox4x32-10: four random 32-bit words from a counter of four and a key of two, with no state in between,
 * so that any place of a stream is reached at once and nothing depends on the order of drawing.
 *
 * Source: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, “Parallel random numbers: as easy as
 * 1, 2, 3”, SC 2011.
 *
 * @param out receives the four words; the caller's, because this runs millions of times a second
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let c0 = counter[0]
  let c1 = counter[1]
  let c2 = counter[2]
  let c3 = counter[3]
  let k0 = key[0]
  let k1 = key[1]
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0)
    const low0 = Math.imul(MULTIPLIER_0, c0)
    const high1 = multiplyHigh(MULTIPLIER_1, c2)
    const low1 = Math.imul(MULTIPLIER_1, c2)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + WEYL_0) | 0
    k1 = (k1 + WEYL_1) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}

/**
 * The upper 32 bits of the 64-bit product of two unsigned 32-bit words. A float64 product is off by less than
 * 2^11, so that it is nearest to the right multiple of 2^32 once the lower 32 bits are taken away.
 */
function multiplyHigh(a: number, b: number): number {
  const low = Math.imul(a, b) >>> 0
  return Math.floor((a * (b >>> 0) - low) * 2 ** -32 + 0.5) | 0
}
