import { z } from 'zod'
import type { SignedInActor } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { notFound } from '../../platform/errors.js'
import { maySeeRun } from '../policy.js'
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
