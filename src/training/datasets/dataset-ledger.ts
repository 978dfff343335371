import type { Database, Transaction } from '../../platform/database.js'
import { usedBy } from '../uploads.js'
import { datasetLimits } from './dataset-limits.js'
import type { DecodedDataset } from './dataset-protocol.js'
import { uploadedDatasets } from './uploaded-dataset.js'

/** One try to decode an upload. Every write below is refused where the dataset has moved on to another. */
export interface DatasetAttempt {
  readonly datasetId: string
  readonly attempt: number
}

export const datasetQueue = 'datasets'

const failuresAllowed = 3
const enqueuedAtOnce = 100

/** The attempts that wait for a worker, the oldest first. */
export async function enqueueableDatasets(database: Database): Promise<DatasetAttempt[]> {
  const rows = await database.uploadedDataset.findMany({
    where: { state: 'PENDING', receivedAt: { not: null } },
    select: { id: true, attempt: true },
    orderBy: { id: 'asc' },
    take: enqueuedAtOnce,
  })
  return rows.map(({ id, attempt }) => ({ datasetId: id, attempt }))
}

/** Takes an attempt for a worker: undefined where another has it, or the dataset is gone. */
export async function claimDataset(database: Database, { datasetId, attempt }: DatasetAttempt) {
  const claimed = await database.$executeRaw`
    UPDATE datasets SET state = 'DECODING', progress = 0, "heartbeatAt" = now()
    WHERE id = ${datasetId}::uuid AND attempt = ${attempt} AND state = 'PENDING' AND "receivedAt" IS NOT NULL`
  if (claimed === 0) return undefined
  const row = await database.uploadedDataset.findUnique({ where: { id: datasetId }, select: { size: true } })
  return row ?? undefined
}

/** Says that the attempt lives and how far it is. False where it was given to another, or the dataset was deleted. */
export async function beatDataset(
  database: Database,
  { datasetId, attempt }: DatasetAttempt,
  progress: number,
): Promise<boolean> {
  const beaten = await database.$executeRaw`
    UPDATE datasets SET "heartbeatAt" = now(), progress = ${progress}
    WHERE id = ${datasetId}::uuid AND attempt = ${attempt} AND state = 'DECODING'`
  return beaten > 0
}

/**
 * The dataset can be trained on, or is refused where it is more than its owner's quota has left.
 *
 * @returns the state that it has now; undefined where the attempt was fenced off
 */
export function finishDataset(
  database: Database,
  key: DatasetAttempt,
  decoded: DecodedDataset,
  quota: { bytes: number },
): Promise<'READY' | 'REFUSED' | undefined> {
  return database.$transaction(async tx => {
    const { datasetId } = key
    const [owner] = await tx.$queryRaw<{ id: string }[]>`
      SELECT u.id::text FROM users u JOIN datasets d ON d."ownerId" = u.id
      WHERE d.id = ${datasetId}::uuid FOR NO KEY UPDATE OF u`
    if (!owner) return undefined
    const others = await usedBy(tx, uploadedDatasets, owner.id, datasetId)
    const isTooMuch = others.bytes + decoded.bytes > quota.bytes
    const { count } = await tx.uploadedDataset.updateMany({
      where: held(key),
      data: isTooMuch ? refused(describeExcess(decoded.bytes)) : { ...decoded, state: 'READY', progress: 1 },
    })
    if (count === 0) return undefined
    return isTooMuch ? 'REFUSED' : 'READY'
  })
}

/** The upload is no dataset. False where the attempt was fenced off. */
export async function refuseDataset(
  database: Database | Transaction,
  key: DatasetAttempt,
  reason: string,
): Promise<boolean> {
  const { count } = await database.uploadedDataset.updateMany({ where: held(key), data: refused(reason) })
  return count > 0
}

/** Gives the dataset back to the queue as its next attempt, through no fault of its own. */
export async function requeueDataset(database: Database, key: DatasetAttempt): Promise<void> {
  await database.uploadedDataset.updateMany({ where: held(key), data: nextAttempt(key) })
}

/**
 * An execution died: the next attempt, or refused after three.
 *
 * @returns the state that it has now; undefined where the attempt was fenced off
 */
export function failDataset(
  database: Database,
  key: DatasetAttempt,
  reason: string,
): Promise<'PENDING' | 'REFUSED' | undefined> {
  return database.$transaction(async tx => {
    const [row] = await tx.uploadedDataset.updateManyAndReturn({
      where: held(key),
      data: { ...nextAttempt(key), failures: { increment: 1 } },
      select: { failures: true },
    })
    if (!row || row.failures < failuresAllowed) return row && 'PENDING'
    await tx.uploadedDataset.update({
      where: { id: key.datasetId },
      data: refused(`It could not be decoded in ${failuresAllowed} attempts: ${reason}`),
    })
    return 'REFUSED'
  })
}

/** The attempts whose worker was silent for 10 s by the database's clock. */
export function findLostDatasets(database: Database): Promise<DatasetAttempt[]> {
  return database.$queryRaw<DatasetAttempt[]>`
    SELECT id AS "datasetId", attempt FROM datasets
    WHERE state = 'DECODING' AND NOT is_alive("heartbeatAt")`
}

/** Forgets the uploads that never arrived whole. Returns their ids. */
export async function dropBrokenUploads(database: Database): Promise<string[]> {
  const dropped = await database.$queryRaw<{ id: string }[]>`
    DELETE FROM datasets
    WHERE "receivedAt" IS NULL AND "createdAt" < now() - ${datasetLimits.uploadHours} * interval '1 hour'
    RETURNING id::text`
  return dropped.map(({ id }) => id)
}

function held({ datasetId, attempt }: DatasetAttempt) {
  return { id: datasetId, attempt, state: 'DECODING' as const }
}

function nextAttempt({ attempt }: DatasetAttempt) {
  return { state: 'PENDING' as const, attempt: attempt + 1, heartbeatAt: null, progress: 0 }
}

function refused(reason: string) {
  return { state: 'REFUSED' as const, reason, bytes: 0 }
}

function describeExcess(bytes: number): string {
  const mebibytes = Math.ceil(bytes / 1024 ** 2)
  return `Decoded it takes ${mebibytes} MiB, more than your quota has left: delete a dataset, or ask for a smaller 'size'.`
}
