/** What threads that sum together share. */
export interface AllReduceMemory {
  /** How many have arrived, and how many sums were made: both int32. */
  readonly control: SharedArrayBuffer
  /** Float64: two sets of a vector for each thread. */
  readonly slots: SharedArrayBuffer
  /** The longest vector. */
  readonly capacity: number
}

const ARRIVED = 0
const ROUND = 1

/** Room for so many threads to sum vectors of at most `capacity` numbers. */
export function createAllReduceMemory(threads: number, capacity: number): AllReduceMemory {
  return {
    control: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT),
    slots: new SharedArrayBuffer(2 * threads * capacity * Float64Array.BYTES_PER_ELEMENT),
    capacity,
  }
}

/**
 * Sums vectors over threads that all run the same program. Whoever comes first waits for the others; each adds up in
 * the order of the ranks, so that all have the same bits, and the same ones again the next time.
 */
export class AllReduce {
  readonly #control: Int32Array
  readonly #slots: Float64Array
  readonly #capacity: number
  readonly #rank: number
  /** The ranks below take part. All of them change it together, between two sums. */
  participants = 1

  constructor({ control, slots, capacity }: AllReduceMemory, rank: number) {
    this.#control = new Int32Array(control)
    this.#slots = new Float64Array(slots)
    this.#capacity = capacity
    this.#rank = rank
  }

  /** Puts the sum in the place of the numbers given. */
  sum(values: Float64Array): void {
    if (this.participants === 1) return
    // In turns: a thread that is a round ahead writes where nobody reads any more.
    const round = Atomics.load(this.#control, ROUND)
    const first = (round & 1) * (this.#slots.length / 2)
    this.#slots.set(values, first + this.#rank * this.#capacity)
    this.#meet(round)
    values.fill(0)
    for (let rank = 0; rank < this.participants; rank++) {
      const start = first + rank * this.#capacity
      for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + (this.#slots[start + i] ?? 0)
    }
  }

  /** Until all are there. The last one lets the others go. */
  #meet(round: number): void {
    if (Atomics.add(this.#control, ARRIVED, 1) + 1 < this.participants) {
      while (Atomics.load(this.#control, ROUND) === round) Atomics.wait(this.#control, ROUND, round)
      return
    }
    Atomics.store(this.#control, ARRIVED, 0)
    Atomics.add(this.#control, ROUND, 1)
    Atomics.notify(this.#control, ROUND)
  }
}
