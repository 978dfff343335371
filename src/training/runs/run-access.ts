import { z } from 'zod'
import type { SignedInActor } from '../../identity/contract.js'
import type { Transaction } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { notFound } from '../../platform/errors.js'
import { maySeeRun } from '../policy.js'
import { finalStatuses } from './run-states.js'
import { ownershipOf, type RunRow, runInclude } from './run-view.js'

type Database = Dependencies['database']

/** A run, or undefined where there is none that the user may see. */
export async function findVisibleRun(
  database: Database,
  user: SignedInActor,
  id: string,
): Promise<RunRow | undefined> {
  // What is no UUID is no run: PostgreSQL would refuse to compare it.
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await database.trainingRun.findUnique({ where: { id }, include: runInclude })
  return row !== null && maySeeRun(user, ownershipOf(row)) ? row : undefined
}

/** @throws NOT_FOUND */
export async function getVisibleRun(database: Database, user: SignedInActor, id: string): Promise<RunRow> {
  const row = await findVisibleRun(database, user, id)
  if (row === undefined) throw notFound('run')
  return row
}

/** Keeps a run from being deleted until the transaction ends. False where it is gone already. */
export async function holdRun(tx: Transaction, id: string): Promise<boolean> {
  const held = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM training_runs WHERE id = ${id}::uuid FOR KEY SHARE`
  return held.length > 0
}

/** How many runs that have not ended begin with a run's model, which no new one can do until the transaction ends. */
export async function countFineTunings(tx: Transaction, id: string): Promise<number> {
  await tx.$queryRaw`SELECT 1 FROM training_runs WHERE id = ${id}::uuid FOR UPDATE`
  return tx.trainingRun.count({
    where: { spec: { path: ['from', 'runId'], equals: id }, status: { notIn: [...finalStatuses] } },
  })
}
