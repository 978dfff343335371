import { z } from 'zod'
import type { SignedInActor } from '../../identity/contract.js'
import type { Database, Prisma, Transaction } from '../../platform/database.js'
import { specImpossible } from '../errors.js'
import { maySeeUpload } from '../policy.js'
import { finalStatuses } from '../runs/run-states.js'

export type ModelRow = Prisma.ImportedModelGetPayload<object>

/** The row of an imported model that the user may see. */
export async function findImportedModel(
  database: Database,
  user: SignedInActor,
  id: string,
): Promise<ModelRow | undefined> {
  // What is no UUID is no model: PostgreSQL would refuse to compare it.
  if (!z.uuid().safeParse(id).success) return undefined
  const row = await database.importedModel.findUnique({ where: { id } })
  return row !== null && maySeeUpload(user, row) ? row : undefined
}

/** Keeps a model from being deleted until the transaction ends. @throws RUN_SPEC_IMPOSSIBLE where it was */
export async function holdModel(tx: Transaction, id: string): Promise<void> {
  const held = await tx.$queryRaw<unknown[]>`SELECT 1 FROM models WHERE id = ${id}::uuid FOR KEY SHARE`
  if (held.length === 0) throw noSuchModel(id)
}

/** How many runs that have not ended begin with a model, which no new one can do until the transaction ends. */
export async function countModelUsers(tx: Transaction, id: string): Promise<number> {
  await tx.$queryRaw`SELECT 1 FROM models WHERE id = ${id}::uuid FOR UPDATE`
  return tx.trainingRun.count({ where: { sourceModelId: id, status: { notIn: [...finalStatuses] } } })
}

export function noSuchModel(id: string) {
  return specImpossible([{ field: 'from', message: `There is no imported model ${id} that you may use.` }])
}
