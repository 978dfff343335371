import type { Transaction } from '../../platform/database.js'
import { datasetQuotaFull, tooManyDatasets } from '../errors.js'

export interface DatasetQuota {
  readonly datasets: number
  readonly bytes: number
}

/** What a user's datasets take together, but for one that is left out. */
export async function datasetsUse(
  tx: Pick<Transaction, 'uploadedDataset'>,
  ownerId: string,
  except?: string,
): Promise<DatasetQuota> {
  const { _count, _sum } = await tx.uploadedDataset.aggregate({
    where: { ownerId, ...(except === undefined ? {} : { id: { not: except } }) },
    _count: true,
    _sum: { bytes: true },
  })
  return { datasets: _count, bytes: _sum.bytes ?? 0 }
}

/** @throws DATASET_TOO_MANY, DATASET_QUOTA_FULL where another one of so many bytes is too much */
export async function requireRoom(
  tx: Transaction,
  ownerId: string,
  bytes: number,
  quota: DatasetQuota,
): Promise<void> {
  const used = await datasetsUse(tx, ownerId)
  if (used.datasets >= quota.datasets) throw tooManyDatasets(quota.datasets)
  if (used.bytes + bytes > quota.bytes) throw datasetQuotaFull(quota.bytes, used.bytes, bytes)
}
