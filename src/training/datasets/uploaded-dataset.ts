import type { SignedInActor } from '../../identity/contract.js'
import type { Database, Transaction } from '../../platform/database.js'
import { specImpossible } from '../errors.js'
import { maySeeUpload } from '../policy.js'
import { finalStatuses } from '../runs/run-states.js'
import { type DatasetRow, describeUpload } from './dataset-view.js'
import { type DatasetDescription, findDataset, namesUpload } from './datasets.js'

/** The row of an upload that the user may see. */
export async function findUpload(
  database: Database,
  user: SignedInActor,
  id: string,
): Promise<DatasetRow | undefined> {
  // What is no UUID is no upload: PostgreSQL would refuse to compare it.
  if (!namesUpload(id)) return undefined
  const row = await database.uploadedDataset.findUnique({ where: { id } })
  return row !== null && maySeeUpload(user, row) ? row : undefined
}

/**
 * What a launch trains on: one that comes with Lyceum, or an upload that the user may use. Undefined where a name
 * stands for none.
 *
 * @throws RUN_SPEC_IMPOSSIBLE where an upload is missing, not the user's, or not READY
 */
export async function findTrainable(
  database: Database,
  user: SignedInActor,
  id: string,
): Promise<DatasetDescription | undefined> {
  if (!namesUpload(id)) return findDataset(id)
  const row = await findUpload(database, user, id)
  if (row?.state !== 'READY') throw notTrainable(id)
  return describeUpload(row)
}

/** Keeps an upload from being deleted until the transaction ends. @throws RUN_SPEC_IMPOSSIBLE where it was */
export async function holdUpload(tx: Transaction, id: string): Promise<void> {
  const held = await tx.$queryRaw<unknown[]>`SELECT 1 FROM datasets WHERE id = ${id}::uuid FOR KEY SHARE`
  if (held.length === 0) throw notTrainable(id)
}

/** How many runs that have not ended train on an upload, which no new one can do until the transaction ends. */
export async function countUsers(tx: Transaction, id: string): Promise<number> {
  await tx.$queryRaw`SELECT 1 FROM datasets WHERE id = ${id}::uuid FOR UPDATE`
  return tx.trainingRun.count({ where: { datasetId: id, status: { notIn: [...finalStatuses] } } })
}

function notTrainable(id: string) {
  const message =
    `There is no dataset ${id} that you can train on: it must be an upload of yours whose state is READY ` +
    `(GET /api/v1/datasets/${id}).`
  return specImpossible([{ field: 'dataset', message }])
}
