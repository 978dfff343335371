/** Wall time, on a clock that cannot be set back. */
export class Stopwatch {
  readonly #before: number
  readonly #begin = performance.now()

  /** @param before seconds that count already */
  constructor(before = 0) {
    this.#before = before
  }

  get seconds(): number {
    return this.#before + (performance.now() - this.#begin) / 1000
  }
}
