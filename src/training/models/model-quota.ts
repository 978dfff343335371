import type { Transaction } from '../../platform/database.js'
import { modelQuotaFull, tooManyModels } from '../errors.js'

export interface ModelQuota {
  readonly models: number
  readonly bytes: number
}

/** @throws MODEL_TOO_MANY, MODEL_QUOTA_FULL where another one of so many bytes is too much */
export async function requireModelRoom(
  tx: Pick<Transaction, 'importedModel'>,
  ownerId: string,
  bytes: number,
  quota: ModelQuota,
): Promise<void> {
  const { _count, _sum } = await tx.importedModel.aggregate({
    where: { ownerId },
    _count: true,
    _sum: { bytes: true },
  })
  if (_count >= quota.models) throw tooManyModels(quota.models)
  const used = _sum.bytes ?? 0
  if (used + bytes > quota.bytes) throw modelQuotaFull(quota.bytes, used, bytes)
}
