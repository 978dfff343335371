import { setTimeout as sleep } from 'node:timers/promises'
import { noWorkerAnswered } from './errors.js'

/** What a queue tells of its jobs as they end. */
export interface JobEvents {
  on(event: 'completed', listener: (args: { jobId: string; returnvalue: unknown }) => void): unknown
  on(event: 'failed', listener: (args: { jobId: string; failedReason: string }) => void): unknown
}

/** What a job itself tells of its end: it has ended where `finishedOn` is set. */
export interface JobRecord {
  finishedOn?: number | undefined
  failedReason?: string | undefined
  returnvalue?: unknown
}

type Outcome = { value: unknown } | { failedReason: string }

const firstLookMs = 100
const longestPauseMs = 1_000

/**
 * Waits for the results of jobs. Events bring them at once; as one may be missed (the stream was only just
 * opened, the backend was away) the job itself is looked at too, less and less often. (`Job.waitUntilFinished`
 * has no such net, and its types refuse the event stream of any backend but Redis.)
 */
export class JobAnswers {
  readonly #waiting = new Map<string, (outcome: Outcome) => void>()

  constructor(
    private readonly findJob: (id: string) => Promise<JobRecord | undefined>,
    events: JobEvents,
  ) {
    events.on('completed', ({ jobId, returnvalue }) => this.#waiting.get(jobId)?.({ value: returnvalue }))
    events.on('failed', ({ jobId, failedReason }) => this.#waiting.get(jobId)?.({ failedReason }))
  }

  /**
   * @param add adds the job, once its end would be noticed
   * @returns what the worker returned
   * @throws NO_WORKER_ANSWERED, an Error with the reason where the job failed, and what `add` throws
   */
  async ask(id: string, add: () => Promise<unknown>, timeoutMs: number): Promise<unknown> {
    const deadline = performance.now() + timeoutMs
    const told = new Promise<Outcome>(resolve => this.#waiting.set(id, resolve))
    try {
      await add()
      for (let pauseMs = firstLookMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
        const leftMs = Math.max(deadline - performance.now(), 0)
        const outcome = (await within(told, Math.min(pauseMs, leftMs))) ?? (await this.#lookAt(id))
        if (outcome && 'failedReason' in outcome) throw new Error(outcome.failedReason)
        if (outcome) return outcome.value
        if (leftMs <= pauseMs) throw noWorkerAnswered(timeoutMs)
      }
    } finally {
      this.#waiting.delete(id)
    }
  }

  async #lookAt(id: string): Promise<Outcome | undefined> {
    // A backend that is away may be back before the time is up.
    const job = await this.findJob(id).catch(() => undefined)
    if (job?.finishedOn === undefined) return undefined
    return job.failedReason ? { failedReason: job.failedReason } : { value: job.returnvalue }
  }
}

/** What a promise gives within so many ms, or undefined. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const timer = new AbortController()
  try {
    return await Promise.race([promise, sleep(ms, undefined, { signal: timer.signal })])
  } finally {
    timer.abort()
  }
}
