import type { JobsOptions, WorkerOptions } from 'bullmq'
import { createPostgresBackend, Queue, QueueEvents, Worker, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { LyceumError, noWorkerAnswered } from './errors.js'
import { JobAnswers, type JobEvents, type JobRecord, within } from './job-answers.js'
import type { Logger } from './logger.js'
import { warnOfRepeated } from './repeated-warning.js'

/** What a worker is handed of a job. */
export interface Delivery<Data> {
  readonly id: string
  readonly data: Data
  /** Aborted where the worker closes without waiting, or the job's lock is lost. */
  readonly signal: AbortSignal | undefined
}

/** Every call rejects where the backend does not answer within some seconds: nothing waits for it to return. */
export interface JobQueue<Data> {
  /** Adds a job. An id that is still known to the queue, finished or not, is ignored when added again. */
  add(id: string, data: Data, options?: Pick<JobsOptions, 'priority' | 'delay'>): Promise<void>
  /**
   * Adds a job and waits for its result.
   *
   * @throws NO_WORKER_ANSWERED after `timeoutMs`, and then takes the job out; an Error with its reason where
   *   the job failed
   */
  ask(id: string, data: Data, timeoutMs: number): Promise<unknown>
  /** Whether a job of this id waits or runs. */
  holds(id: string): Promise<boolean>
  /** Takes a waiting job out; one that runs stays. */
  remove(id: string): Promise<void>
  counts(): Promise<Record<string, number>>
}

export interface JobWorker {
  /** Resolves when it takes jobs. @throws Error where the backend refuses: it will then never take one */
  ready(): Promise<void>
  /** Takes no more jobs until it is resumed; one that was on its way may still come. */
  pause(): void
  resume(): void
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
  /** A queue as BullMQ itself has it, for whoever looks at its jobs: a Queue, whose type differs by its backend. */
  inspect(name: string): object
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

const answerTimeoutMs = 5_000

function openOnPostgres(connectionString: string, logger: Logger): Courier {
  const bull = withBackend(createPostgresBackend)
  // Each queue, worker and event stream has a pool of its own: a few connections are enough.
  const connection = {
    connectionString,
    migrate: true,
    max: 4,
    connectionTimeoutMillis: answerTimeoutMs,
    application_name: 'lyceum-queue',
  }
  const keep = keepOpen(logger)
  const probe = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 2_000 })
  probe.on('error', warnOfRepeated(logger, 'The queue does not answer'))
  const inspect = oncePerName(name => keep(new bull.Queue(name, { connection, defaultJobOptions })))
  return {
    backend: 'postgres',
    inspect,
    queue: name => jobQueue(inspect(name), () => keep.events(new bull.QueueEvents(name, { connection }))),
    worker: (name, process, settings = {}) => {
      const worker = new bull.Worker(
        name,
        (job, _token, signal) => process({ id: job.id ?? '', data: job.data, signal }),
        { connection, runRetryDelay, ...settings },
      )
      return jobWorker(keep(worker))
    },
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
  // A worker waits for a reconnection, however long it takes; whoever adds a job is told within seconds.
  const patient = new Redis(url, { maxRetriesPerRequest: null })
  const connection = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: answerTimeoutMs })
  const probe = new Redis(url, { maxRetriesPerRequest: 0, connectTimeout: 2_000, commandTimeout: 2_000 })
  // A queue that waited until its server is there, or asked it for its version, would hang at its first use.
  const asks = { connection, defaultJobOptions, skipWaitingForReady: true, skipVersionCheck: true }
  const keep = keepOpen(logger)
  for (const redis of [patient, connection, probe]) {
    redis.on('error', warnOfRepeated(logger, 'Redis does not answer'))
  }
  const inspect = oncePerName(name => keep(new Queue(name, asks)))
  return {
    backend: 'redis',
    inspect,
    queue: name => jobQueue(inspect(name), () => keep.events(new QueueEvents(name, { connection: patient }))),
    worker: (name, process, settings = {}) => {
      const worker = new Worker(
        name,
        (job, _token, signal) => process({ id: job.id ?? '', data: job.data, signal }),
        { connection: patient, runRetryDelay, ...settings },
      )
      return jobWorker(keep(worker))
    },
    async ping() {
      await probe.ping()
    },
    close: once(async () => {
      await keep.closeAll()
      for (const redis of [patient, connection, probe]) redis.disconnect()
    }),
  }
}

/** However many use a queue, it is opened once: each has connections of its own. */
function oncePerName<T>(open: (name: string) => T): (name: string) => T {
  const opened = new Map<string, T>()
  return name => {
    const item = opened.get(name) ?? open(name)
    opened.set(name, item)
    return item
  }
}

/** How long a worker waits, in ms, before it asks a backend again that refused its connection. */
const runRetryDelay = 1_000

// The database is the truth: the queue keeps a finished job only so long that the id is not taken twice.
const defaultJobOptions: JobsOptions = {
  removeOnComplete: { age: 3600, count: 1000 },
  removeOnFail: { age: 3600, count: 1000 },
}

interface BullQueue {
  add(name: string, data: unknown, options: JobsOptions): Promise<unknown>
  getJob(id: string): Promise<JobRecord | undefined>
  getJobState(id: string): Promise<string>
  remove(id: string): Promise<unknown>
  getJobCounts(): Promise<Record<string, number>>
}

function jobQueue<Data>(queue: BullQueue, openEvents: () => JobEvents): JobQueue<Data> {
  // Opened at the first question only: most processes never ask one.
  let answers: JobAnswers | undefined
  return {
    async add(id, data, options = {}) {
      await queue.add('job', data, { ...options, jobId: id })
    },
    async ask(id, data, timeoutMs) {
      answers ??= new JobAnswers(job => queue.getJob(job), openEvents())
      const kept = { removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } }
      try {
        return await answers.ask(id, () => queue.add('job', data, { jobId: id, ...kept }), timeoutMs)
      } catch (error) {
        // Nobody waits for it now: a worker that comes back must not work for nothing.
        if (error instanceof LyceumError && error.code === noWorkerAnswered.code)
          await queue.remove(id).catch(() => {})
        throw error
      }
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

interface BullWorker {
  waitUntilReady(): Promise<unknown>
  isPaused(): boolean
  isRunning(): boolean
  pause(doNotWaitActive: boolean): Promise<void>
  resume(): void
  close(force?: boolean): Promise<void>
}

function jobWorker(worker: BullWorker): JobWorker {
  return {
    pause() {
      if (!worker.isPaused()) void worker.pause(true)
    },
    resume() {
      // One that is resumed just as its loop ends forgets to begin again: whoever asks once more is heard.
      if (worker.isPaused() || !worker.isRunning()) worker.resume()
    },
    async ready() {
      await worker.waitUntilReady()
    },
    close: (force?: boolean) => worker.close(force),
  }
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
  const closes: Array<() => Promise<unknown>> = []
  const listen = (item: Closable) => {
    // Without a listener an error event would end the process.
    item.on('error', warnOfRepeated(logger, 'The queue reported an error'))
  }
  const keep = <T extends Closable>(item: T): T => {
    listen(item)
    closes.push(() => item.close())
    return item
  }
  return Object.assign(keep, {
    events: <T extends Closable>(item: T): T => {
      listen(item)
      // BullMQ never ends the closing of an event stream that is just connecting to Redis again.
      closes.push(() => within(item.close(), eventsCloseMs))
      return item
    },
    closeAll: async () => {
      await Promise.all(closes.map(close => close()))
    },
  })
}

const eventsCloseMs = 1_000
