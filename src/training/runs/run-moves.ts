import type { RunStatus } from '../../generated/prisma/enums.js'
import type { Prisma, Transaction } from '../../platform/database.js'
import { tellQueue } from '../queue/tell-queue.js'
import type { RunEvent } from './run-events.js'
import { heldStatuses, statusesBefore } from './run-states.js'

/** One execution of a run. Every write of a worker is refused where the run has moved on to another attempt. */
export interface AttemptKey {
  readonly runId: string
  readonly attempt: number
}

/** A change may depend on the time, which is the database's: processes on several machines compare it. */
export type RunChange = (now: Date) => Omit<Prisma.TrainingRunUpdateManyMutationInput, 'status'>

/**
 * Moves a run to another state, where it is in one that may move there, and tells its history. Of several callers
 * one wins; the others are answered false, and nothing is stored.
 */
export async function move(
  tx: Transaction,
  key: AttemptKey,
  status: RunStatus,
  events: readonly RunEvent[],
  change: RunChange = () => ({}),
): Promise<boolean> {
  const changed = await write(tx, key, statusesBefore(status), events, now => ({ ...change(now), status }))
  if (changed) await tellQueue(tx)
  return changed
}

/** Tells the history of a run that a worker holds. False where none does, or another attempt's. */
export function tell(
  tx: Transaction,
  key: AttemptKey,
  events: readonly RunEvent[],
  change: RunChange = () => ({}),
): Promise<boolean> {
  return write(tx, key, heldStatuses, events, change)
}

/**
 * Tells the history of a run that a worker holds, and changes nothing else: in one statement, since runs tell of
 * their steps several times a second. False where no worker holds it, or another attempt's.
 */
export async function tellSteps(
  database: Transaction,
  { runId, attempt }: AttemptKey,
  events: readonly RunEvent[],
): Promise<boolean> {
  const told = await database.$queryRaw<unknown[]>`
    WITH run AS (
      UPDATE training_runs SET "lastEvent" = "lastEvent" + ${events.length}
      WHERE id = ${runId}::uuid AND attempt = ${attempt} AND status::text = ANY (${heldStatuses})
      RETURNING id, "lastEvent" - ${events.length} AS before
    ), history AS (
      INSERT INTO run_events ("runId", number, attempt, type, payload, "createdAt")
      SELECT run.id, run.before + told.place, ${attempt}, told.event ->> 'type', told.event, now()
      FROM run, jsonb_array_elements(${JSON.stringify(events)}::jsonb) WITH ORDINALITY AS told (event, place)
    )
    SELECT run.id FROM run, pg_notify('run_events', run.id::text)`
  return told.length > 0
}

/** What a run is changed to when it is queued again. */
export function nextAttempt({ attempt }: AttemptKey) {
  return { attempt: attempt + 1, startedAt: null, engine: null, device: null, pauseRequestedAt: null }
}

/** A run that leaves its queue gives its place back, and is released anew where it comes back. */
export const outOfQueue = { releasedAt: null, heldReason: null, fairStart: null }

/** The one fenced write: its UPDATE locks the row, so that numbers are given out one caller at a time. */
async function write(
  tx: Transaction,
  { runId, attempt }: AttemptKey,
  from: readonly RunStatus[],
  events: readonly RunEvent[],
  change: (now: Date) => Prisma.TrainingRunUpdateManyMutationInput,
): Promise<boolean> {
  const [clock] = await tx.$queryRaw<{ now: Date }[]>`SELECT now()`
  if (!clock) throw new Error('The database did not tell the time')
  const { now } = clock
  const [run] = await tx.trainingRun.updateManyAndReturn({
    where: { id: runId, attempt, status: { in: [...from] } },
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

/** @param outcome SUCCEEDED, TIMED_OUT, FAILED, CANCELLED, PAUSED, REQUEUED or LOST */
export async function endAttempt(tx: Transaction, { runId, attempt }: AttemptKey, outcome: string) {
  await tx.$executeRaw`
    UPDATE run_attempts SET "endedAt" = now(), outcome = ${outcome}
    WHERE "runId" = ${runId}::uuid AND number = ${attempt}`
}
