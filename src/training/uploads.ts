import { Prisma, type Transaction } from '../platform/database.js'
import { finalStatuses } from './runs/run-states.js'

/** How many a user may have, and the bytes that they may take together. */
export interface Quota {
  readonly count: number
  readonly bytes: number
}

/** What differs between the kinds of things that users send to launch runs with. */
export interface UploadKind {
  readonly table: 'datasets' | 'models'
  /** The column by which a run names the one that it needs. */
  readonly namedBy: 'datasetId' | 'sourceModelId'
  readonly tooMany: (most: number) => Error
  readonly quotaFull: (quota: number, used: number, bytes: number) => Error
  readonly inUse: (runs: number) => Error
}

/** What a user's uploads of a kind take together, but for one that is left out. */
export async function usedBy(
  tx: Pick<Transaction, '$queryRaw'>,
  { table }: UploadKind,
  ownerId: string,
  except: string | null = null,
): Promise<Quota> {
  const [used] = await tx.$queryRaw<Quota[]>`
    SELECT count(*)::int AS count, coalesce(sum(bytes), 0)::float8 AS bytes FROM ${Prisma.raw(table)}
    WHERE "ownerId" = ${ownerId}::uuid AND id IS DISTINCT FROM ${except}::uuid`
  return used ?? { count: 0, bytes: 0 }
}

/** @throws the kind's `tooMany`, `quotaFull` where another one of so many bytes is too much */
export async function checkRoom(
  tx: Pick<Transaction, '$queryRaw'>,
  kind: UploadKind,
  ownerId: string,
  bytes: number,
  quota: Quota,
): Promise<void> {
  const used = await usedBy(tx, kind, ownerId)
  if (used.count >= quota.count) throw kind.tooMany(quota.count)
  if (used.bytes + bytes > quota.bytes) throw kind.quotaFull(quota.bytes, used.bytes, bytes)
}

/** The same, in a user's turn until the transaction ends: many at once can't pass the quota. */
export async function takeRoom(
  tx: Transaction,
  kind: UploadKind,
  ownerId: string,
  bytes: number,
  quota: Quota,
): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${ownerId}::uuid FOR NO KEY UPDATE`
  await checkRoom(tx, kind, ownerId, bytes, quota)
}

/** Keeps an upload from being deleted until the transaction ends. False where it is gone already. */
export async function hold(tx: Transaction, { table }: UploadKind, id: string): Promise<boolean> {
  const held = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM ${Prisma.raw(table)} WHERE id = ${id}::uuid FOR KEY SHARE`
  return held.length > 0
}

/** Deletes an upload's row. @throws the kind's `inUse` where runs that have not ended need it */
export async function deleteUnused(tx: Transaction, kind: UploadKind, id: string): Promise<void> {
  const table = Prisma.raw(kind.table)
  // From here on no launch can hold it.
  await tx.$queryRaw`SELECT 1 FROM ${table} WHERE id = ${id}::uuid FOR UPDATE`
  const runs = await tx.trainingRun.count({
    where: { [kind.namedBy]: id, status: { notIn: [...finalStatuses] } },
  })
  if (runs > 0) throw kind.inUse(runs)
  await tx.$executeRaw`DELETE FROM ${table} WHERE id = ${id}::uuid`
}
