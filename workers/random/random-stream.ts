import { philox4x32 } from './philox.js'

/** What randomness is used for: each purpose has streams of its own, so that none disturbs another. */
export const purposes = {
  subset: 1,
  shuffle: 2,
  weights: 3,
  dropout: 4,
  split: 5,
  augmentation: 6,
  synthesis: 7,
} as const
export type Purpose = keyof typeof purposes

/**
 * The random numbers of one purpose in one place of a run, such as dropout at step 12 in layer 3. The same
 * seed, purpose and place give the same numbers whatever was drawn before.
 */
export class RandomStream {
  readonly #key: readonly [number, number]
  readonly #place: readonly [number, number]
  readonly #words = new Uint32Array(4)
  #block = 0
  #used = 4

  /** @param place such as `[step, layer]`, each an unsigned 32-bit integer */
  constructor(seed: number, purpose: Purpose, place: readonly [number, number] = [0, 0]) {
    this.#key = [seed, purposes[purpose]]
    this.#place = place
  }

  /** An integer, uniform over 0 to 2^32 - 1. */
  nextUint32(): number {
    if (this.#used === 4) {
      philox4x32([this.#block++, 0, this.#place[0], this.#place[1]], this.#key, this.#words)
      this.#used = 0
    }
    return this.#words[this.#used++] ?? 0
  }

  /** Leaves so many integers out, of a stream that none was drawn from yet. */
  skip(count: number): void {
    this.#block = Math.floor(count / 4)
    for (let left = count % 4; left > 0; left--) this.nextUint32()
  }

  /** Uniform over [0, 1), in the 2^24 steps that a float32 holds exactly. */
  nextFloat(): number {
    return (this.nextUint32() >>> 8) * 2 ** -24
  }

  /**
   * Normal, of mean 0 and deviation 1. Source: G. E. P. Box and M. E. Muller, “A note on the generation of random
   * normal deviates”, Annals of Mathematical Statistics 29(2), 1958; one of its two numbers is used.
   */
  nextNormal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.nextFloat()))
    return radius * Math.cos(2 * Math.PI * this.nextFloat())
  }

  /** An integer, uniform over 0 to `bound` - 1: what would make some likelier than others is drawn again. */
  nextBelow(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound)
    let word = this.nextUint32()
    while (word >= limit) word = this.nextUint32()
    return word % bound
  }
}
