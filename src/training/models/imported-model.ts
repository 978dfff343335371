import { z } from 'zod'
import type { SignedInActor } from '../../identity/contract.js'
import type { Database, Prisma } from '../../platform/database.js'
import { modelInUse, modelQuotaFull, tooManyModels } from '../errors.js'
import { maySeeUpload } from '../policy.js'
import type { UploadKind } from '../uploads.js'

export type ModelRow = Prisma.ImportedModelGetPayload<object>

export const importedModels: UploadKind = {
  table: 'models',
  namedBy: 'sourceModelId',
  tooMany: tooManyModels,
  quotaFull: modelQuotaFull,
  inUse: modelInUse,
}

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
