import { setTimeout as sleep } from 'node:timers/promises'
import type { TrainerEvent } from '../../src/training/contract.js'

const flushMs = 250
const retryMs = 500
const lastTries = 10

/** Stores events in batches and in order. A batch that fails waits for the next turn. */
export class EventBuffer {
  #waiting: TrainerEvent[] = []
  #turn: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  /**
   * @param store answers false where the attempt was fenced off
   * @param onFenced is called when it does
   * @param onError hears of a batch that could not be stored and is kept
   */
  constructor(
    private readonly store: (events: TrainerEvent[]) => Promise<boolean>,
    private readonly onFenced: () => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#timer = setInterval(() => this.flush().catch(onError), flushMs)
  }

  add(event: TrainerEvent): void {
    this.#waiting.push(event)
  }

  /** Stores nothing more. */
  discard(): void {
    clearInterval(this.#timer)
    this.#waiting = []
  }

  /** @throws the store's error when it still fails after some seconds */
  async close(): Promise<void> {
    clearInterval(this.#timer)
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
