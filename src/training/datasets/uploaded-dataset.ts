import type { SignedInActor } from '../../identity/contract.js'
import type { Database, Transaction } from '../../platform/database.js'
import { datasetInUse, datasetQuotaFull, specImpossible, tooManyDatasets } from '../errors.js'
import { maySeeUpload } from '../policy.js'
import { hold, type UploadKind } from '../uploads.js'
import { type DatasetRow, describeUpload } from './dataset-view.js'
import { type DatasetDescription, findDataset, namesUpload } from './datasets.js'

export const uploadedDatasets: UploadKind = {
  table: 'datasets',
  namedBy: 'datasetId',
  tooMany: tooManyDatasets,
  quotaFull: datasetQuotaFull,
  inUse: datasetInUse,
}

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
  if (!(await hold(tx, uploadedDatasets, id))) throw notTrainable(id)
}

function notTrainable(id: string) {
  const message =
    `There is no dataset ${id} that you can train on: it must be an upload of yours whose state is READY ` +
    `(GET /api/v1/datasets/${id}).`
  return specImpossible([{ field: 'dataset', message }])
}
