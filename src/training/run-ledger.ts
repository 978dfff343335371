import type { Database, Prisma, Transaction } from '../platform/database.js'
import type { FailureReport } from './child-protocol.js'
import type { RunEvent } from './run-events.js'

/** One execution of a run. Every write below is refused where the run has moved on to another attempt. */
export interface AttemptKey {
  readonly runId: string
  readonly attempt: number
}

export type RunOutcome =
  | { status: 'SUCCEEDED'; result: Prisma.InputJsonObject; modelKey: string }
  | { status: 'FAILED'; failure: FailureReport }
  | { status: 'CANCELLED' }

/** A change may depend on the time, which is the database's: processes on several machines compare it. */
type RunChange = (now: Date) => Prisma.TrainingRunUpdateManyMutationInput
type RunStatus = 'QUEUED' | 'STARTING' | 'RUNNING'

const held: RunStatus[] = ['STARTING', 'RUNNING']
const lostAttemptsAllowed = 3
const enqueuedAtOnce = 500

/**
 * The attempts that wait for a worker, the oldest first. A longer queue than is returned is no loss: the rest
 * comes into view as those before it are taken.
 */
export async function enqueueableRuns(database: Database): Promise<AttemptKey[]> {
  const runs = await database.trainingRun.findMany({
    where: { status: 'QUEUED' },
    select: { id: true, attempt: true },
    orderBy: { id: 'asc' },
    take: enqueuedAtOnce,
  })
  return runs.map(({ id, attempt }) => ({ runId: id, attempt }))
}

/** Takes a queued attempt for a worker. Of several callers one wins; the others are answered false. */
export function claimAttempt(
  database: Database,
  { runId, attempt, workerId }: AttemptKey & { workerId: string },
) {
  return database.$transaction(async tx => {
    const event: RunEvent = { type: 'starting', attempt, worker: workerId }
    if (!(await write(tx, { runId, attempt }, ['QUEUED'], [event], () => ({ status: 'STARTING' }))))
      return false
    await tx.$executeRaw`
      INSERT INTO run_attempts ("runId", number, "workerId", "claimedAt", "heartbeatAt")
      VALUES (${runId}::uuid, ${attempt}, ${workerId}, now(), now())
      ON CONFLICT ("runId", number) DO UPDATE
      SET "workerId" = excluded."workerId", "claimedAt" = now(), "heartbeatAt" = now()`
    return true
  })
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
    select: { cancelRequestedAt: true },
  })
  return run?.cancelRequestedAt ? 'cancel' : 'continue'
}

/** Stores events in order, numbered without gaps. False where the attempt was fenced off: nothing is stored. */
export function appendEvents(database: Database, key: AttemptKey, events: readonly RunEvent[]) {
  const started = events.find(event => event.type === 'started')
  const change: RunChange = now =>
    started ? { status: 'RUNNING', startedAt: now, engine: started.engine, device: started.device } : {}
  return database.$transaction(tx => write(tx, key, held, events, change))
}

/** Ends a run. False where the attempt was fenced off. */
export function finishRun(database: Database, key: AttemptKey, outcome: RunOutcome) {
  return database.$transaction(tx => end(tx, key, outcome))
}

/** Gives the run back to the queue as its next attempt, or ends it where it is to be cancelled. False where the attempt was fenced off. */
export function requeueRun(database: Database, key: AttemptKey, reason: string) {
  return database.$transaction(tx => giveBack(tx, key, reason, 'REQUEUED'))
}

/** Cancels a queued run at once and asks the worker of one that runs. False where it has ended. */
export function requestCancel(database: Database, runId: string) {
  return database.$transaction(async tx => {
    const [run] = await tx.$queryRaw<{ attempt: number; status: string }[]>`
      SELECT attempt, status::text FROM training_runs WHERE id = ${runId}::uuid FOR UPDATE`
    if (!run) return false
    const cancelled: RunChange = now => ({ status: 'CANCELLED', cancelRequestedAt: now, finishedAt: now })
    if (await write(tx, { runId, attempt: run.attempt }, ['QUEUED'], [{ type: 'cancelled' }], cancelled))
      return true
    const count = await tx.$executeRaw`
      UPDATE training_runs SET "cancelRequestedAt" = coalesce("cancelRequestedAt", now())
      WHERE id = ${runId}::uuid AND status IN ('STARTING', 'RUNNING')`
    await tx.$executeRaw`SELECT pg_notify('run_control', ${runId})`
    return count > 0
  })
}

async function giveBack(tx: Transaction, key: AttemptKey, reason: string, outcome: 'REQUEUED' | 'LOST') {
  // Under the lock: a cancel asked for from here on finds the run queued.
  const [run] = await tx.$queryRaw<{ cancel: boolean }[]>`
    SELECT "cancelRequestedAt" IS NOT NULL AS cancel FROM training_runs
    WHERE id = ${key.runId}::uuid AND attempt = ${key.attempt} FOR UPDATE`
  if (run?.cancel) return end(tx, key, { status: 'CANCELLED' }, outcome === 'LOST' ? 'LOST' : 'CANCELLED')
  const event: RunEvent = { type: 'requeued', attempt: key.attempt + 1, reason }
  const change: RunChange = () => ({
    status: 'QUEUED',
    attempt: key.attempt + 1,
    startedAt: null,
    engine: null,
    device: null,
  })
  if (!(await write(tx, key, held, [event], change))) return false
  await endAttempt(tx, key, outcome)
  return true
}

async function end(
  tx: Transaction,
  key: AttemptKey,
  outcome: RunOutcome,
  attemptOutcome: string = outcome.status,
): Promise<boolean> {
  const change: RunChange = now => ({ ...outcome, finishedAt: now })
  if (!(await write(tx, key, held, lastEvents(outcome), change))) return false
  await endAttempt(tx, key, attemptOutcome)
  return true
}

/** Gives back the runs whose worker was silent for 10 s by the database's clock. Returns how many. */
export async function recoverLostRuns(database: Database): Promise<number> {
  const lost = await database.$queryRaw<AttemptKey[]>`
    SELECT r.id AS "runId", r.attempt FROM training_runs r
    JOIN run_attempts a ON a."runId" = r.id AND a.number = r.attempt
    WHERE r.status IN ('STARTING', 'RUNNING') AND a."heartbeatAt" < now() - interval '10 seconds'`
  let recovered = 0
  // One after another: a lost machine may have held more runs than the pool has connections.
  for (const key of lost) if (await database.$transaction(tx => recover(tx, key))) recovered++
  return recovered
}

async function recover(tx: Transaction, key: AttemptKey) {
  // Looked at again under the lock: the worker may have spoken since.
  const [run] = await tx.$queryRaw<{ cancel: boolean }[]>`
    SELECT r."cancelRequestedAt" IS NOT NULL AS cancel FROM training_runs r
    JOIN run_attempts a ON a."runId" = r.id AND a.number = r.attempt
    WHERE r.id = ${key.runId}::uuid AND r.attempt = ${key.attempt} AND r.status IN ('STARTING', 'RUNNING')
      AND a."heartbeatAt" < now() - interval '10 seconds' FOR UPDATE OF r`
  if (!run) return false
  const before = await tx.runAttempt.count({
    where: { runId: key.runId, number: { gt: key.attempt - lostAttemptsAllowed }, outcome: 'LOST' },
  })
  if (run.cancel || before + 1 < lostAttemptsAllowed) return giveBack(tx, key, 'The worker was lost.', 'LOST')
  const failure: FailureReport = {
    code: 'WORKER_LOST',
    message: `The worker was lost ${lostAttemptsAllowed} times in a row.`,
    hint: 'Look at the memory and the log of the workers, then launch the run again.',
    fault: 'machine',
  }
  return end(tx, key, { status: 'FAILED', failure }, 'LOST')
}

/** What the ledger adds to the history at the end. A run that succeeded has told its `finished` itself. */
function lastEvents(outcome: RunOutcome): RunEvent[] {
  switch (outcome.status) {
    case 'SUCCEEDED':
      return []
    case 'CANCELLED':
      return [{ type: 'cancelled' }]
    case 'FAILED': {
      const { code, message, hint } = outcome.failure
      return [{ type: 'failed', code, message, hint }]
    }
  }
}

/** The one fenced write: its UPDATE locks the row, so that numbers are given out one caller at a time. */
async function write(
  tx: Transaction,
  { runId, attempt }: AttemptKey,
  statuses: RunStatus[],
  events: readonly RunEvent[],
  change: RunChange,
): Promise<boolean> {
  const [clock] = await tx.$queryRaw<{ now: Date }[]>`SELECT now()`
  if (!clock) throw new Error('The database did not tell the time')
  const { now } = clock
  const [run] = await tx.trainingRun.updateManyAndReturn({
    where: { id: runId, attempt, status: { in: statuses } },
    data: { ...change(now), lastEvent: { increment: events.length } },
    select: { lastEvent: true },
  })
  if (!run) return false
  const first = run.lastEvent - events.length + 1
  await tx.runEvent.createMany({
    data: events.map((event, i) => ({
      runId,
      number: first + i,
      attempt,
      type: event.type,
      payload: event,
      createdAt: now,
    })),
  })
  await tx.$executeRaw`SELECT pg_notify('run_events', ${runId})`
  return true
}

function endAttempt(tx: Transaction, { runId, attempt }: AttemptKey, outcome: string) {
  return tx.$executeRaw`
    UPDATE run_attempts SET "endedAt" = now(), outcome = ${outcome}
    WHERE "runId" = ${runId}::uuid AND number = ${attempt}`
}
