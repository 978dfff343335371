import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Dependencies } from '../src/platform/dependencies.js'
import {
  type ChildReport,
  type FailureReport,
  filesOfAttempt,
  type TrainerEvent,
  type TrainingSpec,
  trainingSpec,
} from '../src/training/contract.js'
import {
  type AttemptKey,
  appendEvents,
  claimAttempt,
  finishRun,
  heartbeat,
  type RunOutcome,
  requeueRun,
} from '../src/training/run-ledger.js'
import { EventBuffer } from './event-buffer.js'
import { fetchUpload } from './fetch-upload.js'
import type { RunEngines } from './run-engines.js'
import { fetchSourceModel } from './source-model.js'
import { crash, misunderstood, specUnreadable } from './supervisor-failures.js'
import { startTrainer, type TrainerProcess } from './trainer-process.js'

const heartbeatMs = 2_000
const graceMs = 2_000

export interface Supervision extends Pick<Dependencies, 'database' | 'notifications' | 'storage' | 'logger'> {
  readonly workerId: string
  /** The program of the child process. */
  readonly trainerFile: string
  readonly datasetsDirectory: string
  /** Where the run's own temporary folder is made. */
  readonly scratchDirectory: string
  readonly engines: Pick<RunEngines, 'assign'>
}

type FinishedEvent = Extract<TrainerEvent, { type: 'finished' }>

/** Why the supervision ended. The first reason counts. */
type Verdict =
  | { kind: 'finished'; files: string[]; event: FinishedEvent }
  | { kind: 'failed'; failure: FailureReport }
  | { kind: 'cancelled' }
  | { kind: 'workerStops' }
  | { kind: 'lost' }

/**
 * Takes one attempt of a run from its claim to its end; does nothing where another has taken it.
 *
 * @param stopping aborted when the worker stops: the run then goes back to the queue
 * @throws Error where the database stays away; the run is then recovered as one of a lost worker
 */
export async function superviseRun(
  parts: Supervision,
  { runId, attempt }: AttemptKey,
  stopping: AbortSignal,
): Promise<void> {
  const key = { runId, attempt }
  const { database, storage, workerId } = parts
  if (stopping.aborted || !(await claimAttempt(database, { ...key, workerId }))) return
  // A worker may have died between the files and the row that would name them.
  for (let lost = 1; lost < attempt; lost++) await storage.deleteAll(filesOfAttempt({ runId, attempt: lost }))
  const outputDirectory = await mkdtemp(join(parts.scratchDirectory, 'run-'))
  try {
    await superviseClaimed(parts, key, outputDirectory, stopping)
  } finally {
    await rm(outputDirectory, { recursive: true, force: true })
  }
}

async function superviseClaimed(
  parts: Supervision,
  key: AttemptKey,
  outputDirectory: string,
  stopping: AbortSignal,
) {
  const { database, notifications, logger } = parts
  const { spec } = await database.trainingRun.findUniqueOrThrow({
    where: { id: key.runId },
    select: { spec: true },
  })
  const parsed = trainingSpec.safeParse(spec)
  if (!parsed.success) {
    await finishRun(database, key, { status: 'FAILED', failure: specUnreadable(parsed.error.message) })
    return
  }

  const inputs = await beatMeanwhile(parts, key, fetchInputs(parts, parsed.data, outputDirectory))
  if ('failure' in inputs) {
    await finishRun(database, key, { status: 'FAILED', failure: inputs.failure })
    return
  }

  const decision = createDecision()
  const events = new EventBuffer(
    batch => appendEvents(database, key, batch),
    () => decision.take({ kind: 'lost' }),
    err => logger.warn({ err, ...key }, 'Events could not be stored; they are tried again'),
  )
  const { engine, environment, release } = parts.engines.assign(parsed.data, inputs.upload?.description)
  const trainer = startTrainer(parts.trainerFile, createListener(decision, events), environment)
  const beat = async () => {
    try {
      const answer = await heartbeat(database, key)
      if (answer === 'lost') decision.take({ kind: 'lost' })
      if (answer === 'cancel') decision.take({ kind: 'cancelled' })
    } catch (err) {
      logger.warn({ err, ...key }, 'The heartbeat could not be stored')
    }
  }
  const stopByWorker = () => decision.take({ kind: 'workerStops' })
  stopping.addEventListener('abort', stopByWorker)
  // The worker may have begun to stop, and the cancel been asked for, before anybody listened.
  if (stopping.aborted) stopByWorker()
  const heart = setInterval(beat, heartbeatMs)
  const unsubscribe = notifications.on('run_control', id => {
    if (id === key.runId) void beat()
  })
  void beat()
  trainer.gone.then(end => decision.take({ kind: 'failed', failure: crash(end) }))
  trainer.send({
    kind: 'train',
    spec: { ...parsed.data, engine },
    attempt: key.attempt,
    datasetsDirectory: parts.datasetsDirectory,
    outputDirectory,
    ...inputs,
  })
  try {
    const verdict = await decision.made
    logger.info({ ...key, verdict: verdict.kind }, 'The run is over on this worker')
    await endChild(trainer, verdict)
    await conclude(parts, key, verdict, events, outputDirectory)
  } finally {
    clearInterval(heart)
    unsubscribe()
    stopping.removeEventListener('abort', stopByWorker)
    events.discard()
    trainer.kill()
    await trainer.gone
    release()
  }
}

/** The files that a run begins with, out of the storage. */
async function fetchInputs(parts: Supervision, spec: TrainingSpec, directory: string) {
  const source = await fetchSourceModel(parts, spec, directory)
  if (typeof source === 'object') return { failure: source }
  const upload = await fetchUpload(parts, spec, directory)
  if (upload && 'code' in upload) return { failure: upload }
  return { ...(source && { sourceDirectory: source }), ...(upload && { upload }) }
}

/** Says that the run lives while its files, which may be large, are on their way. */
async function beatMeanwhile<T>({ database, logger }: Supervision, key: AttemptKey, work: Promise<T>) {
  const beat = () =>
    heartbeat(database, key).catch(err => logger.warn({ err, ...key }, 'The heartbeat could not be stored'))
  const heart = setInterval(beat, heartbeatMs)
  try {
    return await work
  } finally {
    clearInterval(heart)
  }
}

interface Decision {
  readonly made: Promise<Verdict>
  readonly isMade: () => boolean
  take(verdict: Verdict): void
}

/** Holds the first verdict; those that follow are ignored. */
function createDecision(): Decision {
  let settle: (verdict: Verdict) => void = () => {}
  let taken = false
  const made = new Promise<Verdict>(resolve => {
    settle = resolve
  })
  const take = (verdict: Verdict) => {
    taken = true
    settle(verdict)
  }
  return { made, isMade: () => taken, take }
}

/** Hears the child until the verdict: what it says afterwards is not part of the run. */
function createListener(decision: Decision, events: EventBuffer) {
  let finished: FinishedEvent | undefined
  return (report: ChildReport | undefined) => {
    if (decision.isMade()) return
    switch (report?.kind) {
      case 'event':
        if (report.event.type === 'finished') finished = report.event
        return events.add(report.event)
      case 'finished':
        return decision.take(
          finished && report.files.every(isPlainName)
            ? { kind: 'finished', files: report.files, event: finished }
            : { kind: 'failed', failure: misunderstood },
        )
      case 'failed': {
        const { kind: _, ...failure } = report
        return decision.take({ kind: 'failed', failure })
      }
      // Only a child that was told to stop may say so, and then the verdict is known.
      default:
        return decision.take({ kind: 'failed', failure: misunderstood })
    }
  }
}

function isPlainName(name: string): boolean {
  return name === basename(name) && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)
}

/** A cancelled child may end its step, and one that has finished may leave by itself; any other is killed. */
async function endChild(trainer: TrainerProcess, { kind }: Verdict) {
  if (kind === 'cancelled') trainer.send({ kind: 'stop' })
  const grace = kind === 'cancelled' || kind === 'finished' ? graceMs : 0
  const timer = setTimeout(() => trainer.kill(), grace)
  await trainer.gone
  clearTimeout(timer)
}

async function conclude(
  parts: Supervision,
  key: AttemptKey,
  verdict: Verdict,
  events: EventBuffer,
  outputDirectory: string,
) {
  const { database } = parts
  if (verdict.kind === 'lost') return
  await events.close()
  switch (verdict.kind) {
    case 'cancelled':
      return finishRun(database, key, { status: 'CANCELLED' })
    case 'workerStops':
      return requeueRun(database, key, 'The worker was stopped.')
    case 'failed':
      return finishRun(database, key, { status: 'FAILED', failure: verdict.failure })
    case 'finished': {
      const prefix = filesOfAttempt(key)
      const outcome = await storeModel(parts, prefix, verdict, outputDirectory)
      const kept = (await finishRun(database, key, outcome)) && outcome.status === 'SUCCEEDED'
      if (!kept) await parts.storage.deleteAll(prefix)
    }
  }
}

/** The files first: a run that has succeeded has its model. */
async function storeModel(
  { storage, logger }: Supervision,
  modelKey: string,
  { files, event }: Extract<Verdict, { kind: 'finished' }>,
  outputDirectory: string,
): Promise<RunOutcome> {
  try {
    for (const file of files) {
      await storage.put(`${modelKey}/${file}`, await readFile(join(outputDirectory, file)))
    }
    const { type: _, ...result } = event
    return { status: 'SUCCEEDED', result, modelKey }
  } catch (err) {
    logger.error({ err, modelKey }, 'The model could not be stored')
    const failure: FailureReport = {
      code: 'MODEL_NOT_STORED',
      message: `The model could not be stored: ${err instanceof Error ? err.message : err}`,
      hint: 'Look at the space and the permissions of the storage directory, then launch the run again.',
      fault: 'machine',
    }
    return { status: 'FAILED', failure }
  }
}
