import type { Database, Prisma, Transaction } from '../../platform/database.js'
import type { FailureReport } from './child-protocol.js'
import type { RunEvent } from './run-events.js'
import { type AttemptKey, endAttempt, move, nextAttempt, outOfQueue, tellSteps } from './run-moves.js'
import { provenanceOf } from './run-provenance.js'

export type { AttemptKey } from './run-moves.js'
export { readWait } from './run-wait.js'

/** How a run ends. What it has learnt is kept as a model where it succeeded, and where its time was up. */
export type RunOutcome =
  | { status: 'SUCCEEDED' | 'TIMED_OUT'; result: Prisma.InputJsonObject; modelKey: string }
  | { status: 'FAILED'; failure: FailureReport }
  | { status: 'CANCELLED' }

const lostAttemptsAllowed = 3

/**
 * Takes a queued attempt for a worker. Of several callers one wins; the others are answered false, and so is a
 * worker that is drained, and everybody while the queue is paused.
 */
export function claimAttempt(
  database: Database,
  { runId, attempt, workerId }: AttemptKey & { workerId: string },
) {
  return database.$transaction(async tx => {
    if (!(await passQueue(tx, { runId, workerId }))) return false
    const event: RunEvent = { type: 'starting', attempt, worker: workerId }
    if (!(await move(tx, { runId, attempt }, 'STARTING', [event]))) return false
    await tx.$executeRaw`
      INSERT INTO run_attempts ("runId", number, "workerId", "claimedAt", "heartbeatAt")
      VALUES (${runId}::uuid, ${attempt}, ${workerId}, now(), now())
      ON CONFLICT ("runId", number) DO UPDATE
      SET "workerId" = excluded."workerId", "claimedAt" = now(), "heartbeatAt" = now()`
    return true
  })
}

/** Whether the worker may take the run now. Moves the queue's virtual time to the run's start tag. */
async function passQueue(tx: Transaction, { runId, workerId }: { runId: string; workerId: string }) {
  const passed = await tx.$executeRaw`
    UPDATE training_queues q SET "virtualTime" = greatest(q."virtualTime", r."fairStart")
    FROM training_runs r
    WHERE r.id = ${runId}::uuid AND q."machineClass" = r."machineClass" AND q."pausedAt" IS NULL
      AND NOT EXISTS (SELECT 1 FROM worker_nodes w WHERE w.id = ${workerId} AND w."drainingAt" IS NOT NULL)`
  return passed > 0
}

/** Says that the attempt lives. 'lost' where it was given to another, or its run has ended. */
export async function heartbeat(database: Database, { runId, attempt }: AttemptKey) {
  const beaten = await database.$executeRaw`
    UPDATE run_attempts a SET "heartbeatAt" = now() FROM training_runs r
    WHERE a."runId" = ${runId}::uuid AND a.number = ${attempt} AND r.id = a."runId"
      AND r.attempt = a.number AND r.status IN ('STARTING', 'RUNNING')`
  if (beaten === 0) return 'lost'
  const run = await database.trainingRun.findUnique({
    where: { id: runId },
    select: { cancelRequestedAt: true, pauseRequestedAt: true },
  })
  if (run?.cancelRequestedAt) return 'cancel'
  return run?.pauseRequestedAt ? 'pause' : 'continue'
}

/** Stores events in order, numbered without gaps. False where the attempt was fenced off: nothing is stored. */
export function appendEvents(database: Database, key: AttemptKey, events: readonly RunEvent[]) {
  const started = events.find(event => event.type === 'started')
  if (!started) return tellSteps(database, key, events)
  const { engine, device } = started
  const provenance = provenanceOf(started)
  return database.$transaction(tx =>
    move(tx, key, 'RUNNING', events, now => ({ startedAt: now, engine, device, provenance })),
  )
}

/** Ends a run. False where the attempt was fenced off. */
export function finishRun(database: Database, key: AttemptKey, outcome: RunOutcome) {
  return database.$transaction(tx => end(tx, key, outcome))
}

/** Frees the worker of a run that was asked to pause. False where the attempt was fenced off. */
export function pauseRun(database: Database, key: AttemptKey) {
  return database.$transaction(async tx => {
    const asked = await readRequests(tx, key)
    return asked?.cancel ? end(tx, key, { status: 'CANCELLED' }) : pause(tx, key, 'PAUSED')
  })
}

/** Gives the run back to the queue as its next attempt, or ends it where it is to be cancelled. False where the attempt was fenced off. */
export function requeueRun(database: Database, key: AttemptKey, reason: string) {
  return database.$transaction(tx => giveBack(tx, key, reason, 'REQUEUED'))
}

/**
 * Gives back a run that the machine ended, or ends it with this failure where that was the third time in a row
 * without a checkpoint. False where the attempt was fenced off.
 */
export function retryRun(database: Database, key: AttemptKey, failure: FailureReport) {
  return database.$transaction(tx => retry(tx, key, failure))
}

async function giveBack(tx: Transaction, key: AttemptKey, reason: string, outcome: 'REQUEUED' | 'LOST') {
  const asked = await readRequests(tx, key)
  if (asked?.cancel) return end(tx, key, { status: 'CANCELLED' }, outcome === 'LOST' ? 'LOST' : 'CANCELLED')
  if (asked?.pause) return pause(tx, key, outcome === 'LOST' ? 'LOST' : 'PAUSED')
  const event: RunEvent = { type: 'requeued', attempt: key.attempt + 1, reason }
  // What is left of a student's budget is told anew at the release.
  const change = { ...nextAttempt(key), ...(asked?.budgeted ? outOfQueue : {}) }
  if (!(await move(tx, key, 'QUEUED', [event], () => change))) return false
  await endAttempt(tx, key, outcome)
  return true
}

async function retry(tx: Transaction, key: AttemptKey, failure: FailureReport) {
  const lost = 1 + (await countLostBefore(tx, key))
  if (lost < lostAttemptsAllowed) return giveBack(tx, key, failure.message, 'LOST')
  const asked = await readRequests(tx, key)
  return end(tx, key, asked?.cancel ? { status: 'CANCELLED' } : { status: 'FAILED', failure }, 'LOST')
}

/** The attempts before this one that were lost since a checkpoint was last stored. */
async function countLostBefore(tx: Transaction, { runId, attempt }: AttemptKey): Promise<number> {
  const { _max } = await tx.runCheckpoint.aggregate({ where: { runId }, _max: { attempt: true } })
  return tx.runAttempt.count({
    where: { runId, number: { gt: _max.attempt ?? 0, lt: attempt }, outcome: 'LOST' },
  })
}

async function pause(tx: Transaction, key: AttemptKey, outcome: 'PAUSED' | 'LOST') {
  if (!(await move(tx, key, 'PAUSED', [{ type: 'paused' }], () => ({ pauseRequestedAt: null })))) return false
  await endAttempt(tx, key, outcome)
  return true
}

/** What was asked of the run, and whether it uses a budget. It stays locked: what is asked from here on finds it moved. */
async function readRequests(tx: Transaction, { runId, attempt }: AttemptKey) {
  const [asked] = await tx.$queryRaw<{ cancel: boolean; pause: boolean; budgeted: boolean }[]>`
    SELECT "cancelRequestedAt" IS NOT NULL AS cancel, "pauseRequestedAt" IS NOT NULL AS pause,
      "budgetSeconds" IS NOT NULL AS budgeted
    FROM training_runs WHERE id = ${runId}::uuid AND attempt = ${attempt} FOR UPDATE`
  return asked
}

async function end(
  tx: Transaction,
  key: AttemptKey,
  outcome: RunOutcome,
  attemptOutcome: string = outcome.status,
): Promise<boolean> {
  const { status, ...rest } = outcome
  if (!(await move(tx, key, status, lastEvents(outcome), now => ({ ...rest, finishedAt: now })))) return false
  await endAttempt(tx, key, attemptOutcome)
  return true
}

/** Gives back the runs whose worker was silent for 10 s by the database's clock. Returns how many. */
export async function recoverLostRuns(database: Database): Promise<number> {
  const lost = await database.$queryRaw<AttemptKey[]>`
    SELECT r.id AS "runId", r.attempt FROM training_runs r
    JOIN run_attempts a ON a."runId" = r.id AND a.number = r.attempt
    WHERE r.status IN ('STARTING', 'RUNNING') AND NOT is_alive(a."heartbeatAt")`
  let recovered = 0
  // One after another: a lost machine may have held more runs than the pool has connections.
  for (const key of lost) if (await database.$transaction(tx => recover(tx, key))) recovered++
  return recovered
}

async function recover(tx: Transaction, key: AttemptKey) {
  // Looked at again under the lock: the worker may have spoken since.
  const [silent] = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM training_runs r JOIN run_attempts a ON a."runId" = r.id AND a.number = r.attempt
    WHERE r.id = ${key.runId}::uuid AND r.attempt = ${key.attempt} AND r.status IN ('STARTING', 'RUNNING')
      AND NOT is_alive(a."heartbeatAt") FOR UPDATE OF r`
  if (!silent) return false
  return retry(tx, key, {
    code: 'WORKER_LOST',
    message: 'The worker was lost.',
    hint: 'Look at the memory and the log of the workers, then launch the run again.',
    fault: 'machine',
  })
}

/** What the ledger adds to the history at the end. A run with a result has told its `finished` itself. */
function lastEvents(outcome: RunOutcome): RunEvent[] {
  switch (outcome.status) {
    case 'SUCCEEDED':
    case 'TIMED_OUT':
      return []
    case 'CANCELLED':
      return [{ type: 'cancelled' }]
    case 'FAILED': {
      const { code, message, hint } = outcome.failure
      return [{ type: 'failed', code, message, hint }]
    }
  }
}
