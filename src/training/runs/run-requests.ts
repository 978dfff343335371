import type { Database, Transaction } from '../../platform/database.js'
import type { StudentBudget } from '../queue/student-budget.js'
import { move, nextAttempt, outOfQueue, tell } from './run-moves.js'
import { isHeld } from './run-states.js'

/*
 * What people ask of a run: done at once where no worker holds it, else its worker is asked. `by` is the user's
 * id, for the history.
 */

/** False where the run has ended. */
export function requestCancel(database: Database, runId: string, by: string): Promise<boolean> {
  return database.$transaction(async tx => {
    const run = await lock(tx, runId)
    if (run === undefined) return false
    const { key, status, cancelRequestedAt } = run
    if (!isHeld(status)) {
      return move(tx, key, 'CANCELLED', [{ type: 'cancelled', by }], now => ({
        ...outOfQueue,
        cancelRequestedAt: now,
        finishedAt: now,
      }))
    }
    if (cancelRequestedAt === null) {
      await tell(tx, key, [{ type: 'cancelRequested', by }], now => ({ cancelRequestedAt: now }))
    }
    return notifyWorker(tx, runId)
  })
}

/** False where the run has ended, is paused, or is about to be cancelled. */
export function requestPause(database: Database, runId: string, by: string): Promise<boolean> {
  return database.$transaction(async tx => {
    const run = await lock(tx, runId)
    if (run === undefined || run.cancelRequestedAt !== null) return false
    const { key, status, pauseRequestedAt } = run
    if (!isHeld(status)) return move(tx, key, 'PAUSED', [{ type: 'paused', by }], () => outOfQueue)
    if (pauseRequestedAt === null) {
      await tell(tx, key, [{ type: 'pauseRequested', by }], now => ({ pauseRequestedAt: now }))
    }
    return notifyWorker(tx, runId)
  })
}

/**
 * Queues a paused run as its next attempt, within the budget that is given.
 * @returns the attempt, or undefined where the run is not paused
 */
export function resumeRun(
  database: Database,
  runId: string,
  by: string,
  budget: Partial<StudentBudget> = {},
): Promise<number | undefined> {
  return database.$transaction(async tx => {
    const run = await lock(tx, runId)
    if (run?.status !== 'PAUSED') return undefined
    const attempt = run.key.attempt + 1
    await move(tx, run.key, 'QUEUED', [{ type: 'resumed', attempt, by }], () => ({
      ...nextAttempt(run.key),
      ...outOfQueue,
      ...budget,
    }))
    return attempt
  })
}

/** Of one request at a time, so that each finds the run as the one before left it. */
async function lock(tx: Transaction, runId: string) {
  await tx.$queryRaw`SELECT 1 FROM training_runs WHERE id = ${runId}::uuid FOR UPDATE`
  const run = await tx.trainingRun.findUnique({
    where: { id: runId },
    select: { attempt: true, status: true, cancelRequestedAt: true, pauseRequestedAt: true },
  })
  return run === null ? undefined : { ...run, key: { runId, attempt: run.attempt } }
}

async function notifyWorker(tx: Transaction, runId: string): Promise<true> {
  await tx.$executeRaw`SELECT pg_notify('run_control', ${runId})`
  return true
}
