import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CheckpointReport,
  type FailureReport,
  filesOfAttempt,
  isFinal,
  trainingSpec,
} from '../../src/training/contract.js'
import { removeCheckpoints } from '../../src/training/runs/checkpoint-ledger.js'
import { type AttemptKey, appendEvents, claimAttempt, heartbeat } from '../../src/training/runs/run-ledger.js'
import { type AttemptWatch, watchAttempt } from './attempt-watch.js'
import { conclude, failRun } from './conclude.js'
import { EventBuffer } from './event-buffer.js'
import { limitBudget } from './limit-budget.js'
import { RunCheckpoints } from './run-checkpoints.js'
import { fetchInputs } from './run-inputs.js'
import { traceAttempt } from './run-trace.js'
import { describeStorageError } from './storage-failure.js'
import type { Supervision } from './supervision.js'
import { crash, specUnreadable } from './supervisor-failures.js'
import { startTrainer, type TrainerProcess } from './trainer-process.js'
import { createDecision, createListener, type Verdict } from './verdict.js'

const heartbeatMs = 2_000
/** How long a child may take to leave. */
const graceMs: Readonly<Record<Verdict['kind'], number>> = {
  finished: 2_000,
  // For the step in progress.
  cancelled: 2_000,
  // And for a checkpoint, with its way into the storage.
  paused: 60_000,
  // The worker is killed itself after some seconds.
  workerStops: 6_000,
  failed: 0,
  lost: 0,
}

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
  const watch = watchAttempt(parts.metrics.openRun(), await traceAttempt(parts, key))
  let outcome = 'broken'
  try {
    outcome = await superviseClaimed(parts, key, outputDirectory, watch, stopping)
  } finally {
    watch.end(outcome)
    await rm(outputDirectory, { recursive: true, force: true })
  }
}

/** @returns why the attempt is over */
async function superviseClaimed(
  parts: Supervision,
  key: AttemptKey,
  outputDirectory: string,
  watch: AttemptWatch,
  stopping: AbortSignal,
): Promise<Verdict['kind']> {
  const { database, notifications, logger } = parts
  const run = await database.trainingRun.findUniqueOrThrow({ where: { id: key.runId } })
  const { spec, secondsAllowed } = run
  const refuse = async (failure: FailureReport) => {
    await failRun(database, key, failure, watch)
    return 'failed' as const
  }
  const parsed = trainingSpec.safeParse(spec)
  if (!parsed.success) return refuse(specUnreadable(parsed.error.message))

  const checkpoints = new RunCheckpoints(parts, key, outputDirectory)
  const inputs = await fetchInputs(parts, key, parsed.data, checkpoints, outputDirectory)
  if ('failure' in inputs) return refuse(inputs.failure)

  const decision = createDecision()
  const events = new EventBuffer(
    async batch => {
      const held = await appendEvents(database, key, batch)
      if (held) watch.stored(batch)
      return held
    },
    () => decision.take({ kind: 'lost' }),
    err => logger.warn({ err, ...key }, 'Events could not be stored; they are tried again'),
  )
  const { engine, environment, release } = parts.engines.assign(parsed.data, inputs.upload?.description)
  /** The checkpoint that is on its way into the storage. */
  let storing: Promise<void> = Promise.resolve()
  const storeCheckpoint = async (report: CheckpointReport) => {
    try {
      // What the run has told up to there is history when it goes on from there.
      await events.flush()
      if (await checkpoints.store(report)) watch.checkpoint('stored')
      else decision.take({ kind: 'lost' })
    } catch (err) {
      watch.checkpoint('failed')
      logger.warn({ err, ...key }, 'A checkpoint could not be stored; the run trains on')
      const reason = describeStorageError(err)
      events.add({ type: 'checkpointFailed', step: report.step, reason })
    }
    trainer.send({ kind: 'checkpointTaken' })
  }
  const hearCheckpoint = (report: CheckpointReport) => {
    storing = storing.then(() => storeCheckpoint(report))
  }
  const hear = createListener(decision, events, hearCheckpoint)
  const trainer = startTrainer(
    parts.trainerFile,
    report => {
      if (report?.kind === 'stage') return watch.stage(report)
      if (report?.kind === 'event') watch.hear(report.event, parsed.data)
      hear(report)
    },
    environment,
  )
  const beat = async () => {
    try {
      const answer = await heartbeat(database, key)
      if (answer === 'lost') decision.take({ kind: 'lost' })
      if (answer === 'cancel') decision.take({ kind: 'cancelled' })
      if (answer === 'pause') decision.take({ kind: 'paused' })
    } catch (err) {
      logger.warn({ err, ...key }, 'The heartbeat could not be stored')
    }
  }
  const stopByWorker = () => decision.take({ kind: 'workerStops' })
  stopping.addEventListener('abort', stopByWorker)
  // The worker may have begun to stop, and the cancel been asked for, before anybody listened.
  if (stopping.aborted) stopByWorker()
  const heart = setInterval(beat, heartbeatMs)
  const endLimit = limitBudget(run, decision)
  const unsubscribe = notifications.on('run_control', id => {
    if (id === key.runId) void beat()
  })
  void beat()
  trainer.gone.then(end => decision.take({ kind: 'failed', failure: crash(end) }))
  trainer.send({
    kind: 'train',
    spec: { ...parsed.data, engine },
    attempt: key.attempt,
    ...(secondsAllowed === null ? {} : { secondsAllowed }),
    datasetsDirectory: parts.datasetsDirectory,
    outputDirectory,
    ...inputs,
    checkpointSeconds: parts.checkpointSeconds,
    traced: watch.isTraced,
  })
  try {
    const verdict = await decision.made
    logger.info({ ...key, verdict: verdict.kind }, 'The run is over on this worker')
    await endChild(trainer, verdict)
    await storing
    await conclude(parts, key, verdict, events, outputDirectory, watch)
    // Where the run has not ended on this worker, they are what it goes on from.
    const left = await database.trainingRun.findUnique({ where: { id: key.runId }, select: { status: true } })
    if (left && isFinal(left.status)) await removeCheckpoints(parts, key.runId)
    return verdict.kind
  } finally {
    clearInterval(heart)
    endLimit()
    unsubscribe()
    stopping.removeEventListener('abort', stopByWorker)
    events.discard()
    trainer.kill()
    await trainer.gone
    release()
  }
}

/** A child may end its step, write a checkpoint or leave by itself, as the verdict is; then it is killed. */
async function endChild(trainer: TrainerProcess, { kind }: Verdict) {
  if (kind === 'cancelled') trainer.send({ kind: 'stop' })
  if (kind === 'paused' || kind === 'workerStops') trainer.send({ kind: 'pause' })
  const timer = setTimeout(() => trainer.kill(), graceMs[kind])
  await trainer.gone
  clearTimeout(timer)
}
