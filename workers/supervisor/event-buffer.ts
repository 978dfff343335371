import { setTimeout as sleep } from 'node:timers/promises'
import type { TrainerEvent } from '../../src/training/contract.js'

/** From one write to the next: what comes meanwhile is one write. Shorter than the time between two samples of a run's steps. */
const restMs = 200
const retryMs = 500
const lastTries = 10

/** Stores events in order, at once or in batches where they are many. A batch that fails waits for the next turn. */
export class EventBuffer {
  #waiting: TrainerEvent[] = []
  #turn: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #restUntil = 0
  #closed = false

  /**
   * @param store answers false where the attempt was fenced off
   * @param onFenced is called when it does
   * @param onError hears of a batch that could not be stored and is kept
   */
  constructor(
    private readonly store: (events: TrainerEvent[]) => Promise<boolean>,
    private readonly onFenced: () => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  add(event: TrainerEvent): void {
    this.#waiting.push(event)
    this.#wake()
  }

  /** Stores nothing more. */
  discard(): void {
    this.#stop()
    this.#waiting = []
  }

  /** @throws the store's error when it still fails after some seconds */
  async close(): Promise<void> {
    this.#stop()
    for (let tried = 1; ; tried++) {
      try {
        return await this.flush()
      } catch (error) {
        if (tried === lastTries) throw error
        this.onError(error)
        await sleep(retryMs)
      }
    }
  }

  /**
   * Stores what waits, in one try; one after another, so that a slow write is not overtaken by the next.
   * @throws the store's error; what waited then still does
   */
  flush(): Promise<void> {
    const turn = this.#turn.then(() => this.#storeWaiting())
    this.#turn = turn.catch(() => {})
    return turn
  }

  #wake(): void {
    if (this.#closed || this.#timer !== undefined) return
    const wait = Math.max(0, this.#restUntil - performance.now())
    this.#timer = setTimeout(() => this.#storeAndRest(), wait)
  }

  async #storeAndRest(): Promise<void> {
    await this.flush().catch(this.onError)
    this.#restUntil = performance.now() + restMs
    this.#timer = undefined
    if (this.#waiting.length > 0) this.#wake()
  }

  #stop(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #storeWaiting() {
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    try {
      if (!(await this.store(batch))) this.onFenced()
    } catch (error) {
      this.#waiting = [...batch, ...this.#waiting]
      throw error
    }
  }
}
