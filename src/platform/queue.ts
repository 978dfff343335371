import type { JobsOptions, WorkerOptions } from 'bullmq'
import { createPostgresBackend, Queue, QueueEvents, Worker, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { Logger } from './logger.js'

/** What a worker is handed of a job. */
export interface Delivery<Data> {
  readonly id: string
  readonly data: Data
  /** Aborted where the worker closes without waiting, or the job's lock is lost. */
  readonly signal: AbortSignal | undefined
}

export interface JobQueue<Data> {
  /** Adds a job. An id that is still known to the queue, finished or not, is ignored when added again. */
  add(id: string, data: Data, options?: Pick<JobsOptions, 'priority' | 'delay'>): Promise<void>
  /** Adds a job and waits for its result. Rejects when it failed, or after `timeoutMs`. */
  ask(id: string, data: Data, timeoutMs: number): Promise<unknown>
  /** Whether a job of this id waits or runs. */
  holds(id: string): Promise<boolean>
  /** Takes a waiting job out; one that runs stays. */
  remove(id: string): Promise<void>
  counts(): Promise<Record<string, number>>
}

export interface JobWorker {
  /** Takes no more jobs; waits for those that run unless forced. */
  close(force?: boolean): Promise<void>
}

type WorkerSettings = Pick<
  WorkerOptions,
  'concurrency' | 'lockDuration' | 'stalledInterval' | 'maxStalledCount'
>

/** BullMQ on one of its two backends. The same code runs on both. */
export interface Courier {
  readonly backend: 'postgres' | 'redis'
  queue<Data>(name: string): JobQueue<Data>
  /** The data of a job is what somebody sent: `process` parses it. What it returns is the job's result. */
  worker(
    name: string,
    process: (job: Delivery<unknown>) => Promise<unknown>,
    settings?: WorkerSettings,
  ): JobWorker
  /** Asks the backend itself; rejects where it does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Redis where it is named, BullMQ's own PostgreSQL backend otherwise. */
export function openCourier(
  { databaseUrl, redisUrl }: { databaseUrl: string; redisUrl?: string | undefined },
  logger: Logger,
): Courier {
  return redisUrl === undefined ? openOnPostgres(databaseUrl, logger) : openOnRedis(redisUrl, logger)
}

function openOnPostgres(connectionString: string, logger: Logger): Courier {
  const bull = withBackend(createPostgresBackend)
  // Each queue, worker and event stream has a pool of its own: a few connections are enough.
  const connection = { connectionString, migrate: true, max: 4, application_name: 'lyceum-queue' }
  const keep = keepOpen(logger)
  const probe = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 2_000 })
  probe.on('error', error => logger.warn({ error: error.message }, 'The queue does not answer'))
  return {
    backend: 'postgres',
    queue: name =>
      jobQueue(keep(new bull.Queue(name, { connection, defaultJobOptions })), () =>
        keep(new bull.QueueEvents(name, { connection })),
      ),
    worker: (name, process, settings = {}) =>
      keep(
        new bull.Worker(
          name,
          (job, _token, signal) => process({ id: job.id ?? '', data: job.data, signal }),
          {
            connection,
            ...settings,
          },
        ),
      ),
    async ping() {
      await probe.query('SELECT 1')
    },
    close: once(async () => {
      await keep.closeAll()
      await probe.end()
    }),
  }
}

function openOnRedis(url: string, logger: Logger): Courier {
  // BullMQ wants commands to wait for a reconnection, however long it takes.
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  const probe = new Redis(url, { maxRetriesPerRequest: 0, connectTimeout: 2_000 })
  const keep = keepOpen(logger)
  for (const redis of [connection, probe]) {
    redis.on('error', (error: Error) => logger.warn({ error: error.message }, 'Redis does not answer'))
  }
  return {
    backend: 'redis',
    queue: name =>
      jobQueue(keep(new Queue(name, { connection, defaultJobOptions })), () =>
        keep(new QueueEvents(name, { connection })),
      ),
    worker: (name, process, settings = {}) =>
      keep(
        new Worker(name, (job, _token, signal) => process({ id: job.id ?? '', data: job.data, signal }), {
          connection,
          ...settings,
        }),
      ),
    async ping() {
      await probe.ping()
    },
    close: once(async () => {
      await keep.closeAll()
      probe.disconnect()
      connection.disconnect()
    }),
  }
}

// The database is the truth: the queue keeps a finished job only so long that the id is not taken twice.
const defaultJobOptions: JobsOptions = {
  removeOnComplete: { age: 3600, count: 1000 },
  removeOnFail: { age: 3600, count: 1000 },
}

interface BullQueue {
  add(name: string, data: unknown, options: JobsOptions): Promise<unknown>
  getJobState(id: string): Promise<string>
  remove(id: string): Promise<unknown>
  getJobCounts(): Promise<Record<string, number>>
}
interface BullEvents {
  waitUntilReady(): Promise<unknown>
  on(event: 'completed', listener: (args: { jobId: string; returnvalue: unknown }) => void): unknown
  on(event: 'failed', listener: (args: { jobId: string; failedReason: string }) => void): unknown
}

function jobQueue<Data>(queue: BullQueue, openEvents: () => BullEvents): JobQueue<Data> {
  // Opened at the first question only: most processes never ask one.
  let answers: ReturnType<typeof collectAnswers> | undefined
  return {
    async add(id, data, options = {}) {
      await queue.add('job', data, { ...options, jobId: id })
    },
    async ask(id, data, timeoutMs) {
      answers ??= collectAnswers(openEvents())
      await answers.ready
      const answer = answers.of(id, timeoutMs)
      // A failed answer is handled by whoever awaits it below, also where adding takes longer than the time-out.
      answer.catch(() => {})
      await queue.add('job', data, { jobId: id, removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } })
      return answer
    },
    async holds(id) {
      const state = await queue.getJobState(id)
      return ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children'].includes(state)
    },
    async remove(id) {
      await queue.remove(id)
    },
    counts: () => queue.getJobCounts(),
  }
}

/**
 * Results by job id, over one stream of events. (`Job.waitUntilFinished` does this too, but its types refuse the
 * event stream of any backend but Redis.)
 */
function collectAnswers(events: BullEvents) {
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>()
  events.on('completed', ({ jobId, returnvalue }) => waiting.get(jobId)?.resolve(returnvalue))
  events.on('failed', ({ jobId, failedReason }) => waiting.get(jobId)?.reject(new Error(failedReason)))
  return {
    ready: events.waitUntilReady(),
    async of(id: string, timeoutMs: number): Promise<unknown> {
      const { promise, resolve, reject } = withResolvers<unknown>()
      const timer = setTimeout(
        () => reject(new Error(`No worker answered within ${timeoutMs} ms.`)),
        timeoutMs,
      )
      waiting.set(id, { resolve, reject })
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        waiting.delete(id)
      }
    },
  }
}

// Promise.withResolvers came with Node 22.
function withResolvers<T>() {
  let settle: { resolve(value: T): void; reject(error: Error): void } | undefined
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  if (settle === undefined) throw new Error('A promise runs its executor at once')
  return { promise, ...settle }
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined
  return () => {
    closing ??= close()
    return closing
  }
}

interface Closable {
  close(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Remembers what was opened, so that it is closed with the courier, and logs its errors. */
function keepOpen(logger: Logger) {
  const open = new Set<Closable>()
  const keep = <T extends Closable>(item: T): T => {
    // Without a listener an error event would end the process.
    item.on('error', error => logger.warn({ error: error.message }, 'The queue reported an error'))
    open.add(item)
    return item
  }
  return Object.assign(keep, {
    closeAll: async () => {
      await Promise.all([...open].map(item => item.close()))
    },
  })
}
