import type { Database } from '../../platform/database.js'
import type { Notifications } from '../../platform/notifications.js'
import type { ObserveDelay } from './event-delay.js'
import { findEvents, findNews, type StoredEvent } from './run-feed.js'
import { isFinal } from './run-states.js'

/** What is kept for those who read a little slower than others; who lags more reads the database. */
const mostRecent = 500
const pageSize = 200

/**
 * A run's events above `after`, in order and without gaps: first those that are stored, then each as it comes.
 * Ends when the run has ended and all was given, when it was deleted, or when `signal` is aborted.
 *
 * @throws Error where the database fails: whoever comes back goes on after the last event that it was given
 */
export type WatchRun = (
  runId: string,
  after: number,
  signal: AbortSignal,
) => AsyncGenerator<StoredEvent, void, undefined>

/**
 * Watches runs for everyone in this process. However many watch a run, each of its events is read once: a
 * notification wakes its one reader, which hands on what it finds.
 */
export function watchRuns(
  database: Database,
  notifications: Notifications,
  observeDelay: ObserveDelay = () => {},
): WatchRun {
  const live = new Map<string, LiveRun>()
  notifications.on('run_events', id => live.get(id)?.look())
  // What was said while nobody listened is not known.
  notifications.onReconnected(() => {
    for (const run of live.values()) run.look()
  })
  return async function* watch(runId, after, signal) {
    let run = live.get(runId)
    if (run === undefined || run.hasFailed) {
      run = new LiveRun(database, runId, observeDelay)
      live.set(runId, run)
    }
    try {
      yield* run.follow(after, signal)
    } finally {
      if (run.isAlone && live.get(runId) === run) live.delete(runId)
    }
  }
}

/** A run that is watched: what was told of late, and where its history ends. */
class LiveRun {
  readonly #database: Database
  readonly #runId: string
  readonly #observeDelay: ObserveDelay
  readonly #wakers = new Set<() => void>()
  #recent: StoredEvent[] = []
  /** The number of the newest event; unknown until the first look. */
  #newest: number | undefined
  #ended = false
  #failure: { error: unknown } | undefined
  #looking = false
  #lookAgain = false

  constructor(database: Database, runId: string, observeDelay: ObserveDelay) {
    this.#database = database
    this.#runId = runId
    this.#observeDelay = observeDelay
    this.look()
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  get isAlone(): boolean {
    return this.#wakers.size === 0
  }

  /** Reads what is new, one look at a time. */
  look(): void {
    this.#lookAgain = true
    if (!this.#looking) void this.#lookUntilNothingIsNew()
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<StoredEvent, void, undefined> {
    let wake = () => {}
    const waker = () => wake()
    this.#wakers.add(waker)
    signal.addEventListener('abort', waker)
    try {
      for (let last = after; !signal.aborted; ) {
        if (this.#failure) throw this.#failure.error
        if (this.#newest !== undefined && last < this.#newest) {
          const events = await this.#eventsAfter(last)
          // The run was deleted.
          if (events.length === 0) return
          for (const event of events) {
            if (signal.aborted) return
            yield event
            last = event.number
          }
        } else if (this.#ended) {
          return
        } else {
          await new Promise<void>(resolve => {
            wake = resolve
          })
        }
      }
    } finally {
      this.#wakers.delete(waker)
      signal.removeEventListener('abort', waker)
    }
  }

  async #lookUntilNothingIsNew(): Promise<void> {
    this.#looking = true
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false
        await this.#readNews()
        for (const wake of this.#wakers) wake()
      }
    } catch (error) {
      this.#failure = { error }
      for (const wake of this.#wakers) wake()
    } finally {
      this.#looking = false
    }
  }

  async #readNews(): Promise<void> {
    const news = await findNews(this.#database, this.#runId, this.#newest, pageSize)
    for (const seconds of news.ages) this.#observeDelay(seconds)
    this.#recent = [...this.#recent, ...news.events].slice(-mostRecent)
    this.#newest = news.events.at(-1)?.number ?? this.#newest ?? news.lastEvent
    // The rest of a long page comes with the next look.
    if (this.#newest < news.lastEvent) this.#lookAgain = true
    this.#ended = (news.status === undefined || isFinal(news.status)) && this.#newest >= news.lastEvent
  }

  /** Some events after one that is not the newest; none where the run was deleted meanwhile. */
  async #eventsAfter(last: number): Promise<readonly StoredEvent[]> {
    const oldest = this.#recent[0]?.number
    if (oldest !== undefined && oldest <= last + 1) return this.#recent.slice(last + 1 - oldest)
    return findEvents(this.#database, this.#runId, last, pageSize)
  }
}
