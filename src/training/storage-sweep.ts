import { z } from 'zod'
import type { Dependencies } from '../platform/dependencies.js'
import { filesOfDataset, filesOfDatasetAttempt } from './datasets/dataset-files.js'
import { filesOfRun } from './runs/run-files.js'

type Sources = Pick<Dependencies, 'database' | 'storage'>
type Parts = Sources & Pick<Dependencies, 'logger'>

const hourMs = 60 * 60_000
/** What changed less than a day ago may be on its way, whatever the clocks of storage and server say. */
const restMs = 24 * hourMs

/** Names the database whose files the storage keeps. */
const ownerKey = 'database-id'

const isId = (name: string) => z.uuid().safeParse(name).success

/**
 * Sweeps the storage at once and every hour. Any number of processes may do so at the same time.
 *
 * @returns the function that ends it, when the sweep in progress is over
 */
export function startStorageSweep(parts: Parts): () => Promise<void> {
  let sweeping = sweep()
  const timer = setInterval(() => {
    sweeping = sweep()
  }, hourMs)
  return async () => {
    clearInterval(timer)
    await sweeping
  }

  async function sweep() {
    try {
      const removed = await sweepStorage(parts)
      if (removed.length > 0) parts.logger.warn({ removed }, 'Files that belonged to nothing were removed')
    } catch (error) {
      parts.logger.warn({ err: error }, 'The storage could not be swept; it is tried again')
    }
  }
}

/**
 * Removes files that belong to no run, dataset or model. Where they are stored before the row that tells of them, or
 * deleted after it, a process that is killed in between leaves them behind.
 *
 * @returns the prefixes below which all was removed
 * @throws Error where the storage belongs to another database, whose files would all look abandoned
 */
export async function sweepStorage(parts: Sources): Promise<string[]> {
  await requireOwnStorage(parts)
  const abandoned = [
    ...(await findAbandonedRuns(parts)),
    ...(await findAbandonedModels(parts)),
    ...(await findAbandonedDatasets(parts)),
  ]
  const before = new Date(Date.now() - restMs)
  const removed: string[] = []
  for (const prefix of abandoned) {
    const changedAt = await parts.storage.changedAt(prefix)
    if (changedAt === undefined || changedAt >= before) continue
    await parts.storage.deleteAll(prefix)
    removed.push(prefix)
  }
  return removed
}

/** The first database that sweeps a storage makes it its own. */
async function requireOwnStorage({ database, storage }: Sources): Promise<void> {
  const [own] = await database.$queryRaw<{ id: string }[]>`
    SELECT system_identifier::text || '-' || oid::text AS id
    FROM pg_control_system(), pg_database WHERE datname = current_database()`
  const id = Buffer.from(own?.id ?? '')
  if (!(await storage.holds(ownerKey))) await storage.put(ownerKey, id)
  if (id.equals(await storage.read(ownerKey))) return
  throw new Error(
    `The storage belongs to another database, so nothing in it is removed. Where that is no more, delete '${ownerKey}' in it.`,
  )
}

// Each lists the files, then reads the rows: a row that came before its files is never overlooked.

async function findAbandonedRuns({ database, storage }: Sources): Promise<string[]> {
  const ids = (await storage.list('runs')).filter(isId)
  const rows = await database.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM training_runs WHERE id = ANY(${ids}::uuid[])`
  const known = new Set(rows.map(({ id }) => id))
  return ids.filter(id => !known.has(id)).map(filesOfRun)
}

async function findAbandonedModels({ database, storage }: Sources): Promise<string[]> {
  const keys = (await storage.list('models')).map(name => `models/${name}`)
  const rows = await database.$queryRaw<{ modelKey: string }[]>`
    SELECT "modelKey" FROM models WHERE "modelKey" = ANY(${keys})`
  const known = new Set(rows.map(({ modelKey }) => modelKey))
  return keys.filter(key => !known.has(key))
}

async function findAbandonedDatasets({ database, storage }: Sources): Promise<string[]> {
  const ids = (await storage.list('datasets')).filter(isId)
  const rows = await database.$queryRaw<{ id: string; state: string; attempt: number }[]>`
    SELECT id::text, state::text, attempt FROM datasets WHERE id = ANY(${ids}::uuid[])`
  const known = new Map(rows.map(row => [row.id, row]))
  const abandoned: string[] = []
  for (const id of ids) {
    const row = known.get(id)
    if (row === undefined || row.state === 'REFUSED') abandoned.push(filesOfDataset(id))
    if (row?.state !== 'READY') continue
    // Its upload, and what other attempts decoded.
    const files = (await storage.list(filesOfDataset(id))).map(name => `${filesOfDataset(id)}/${name}`)
    abandoned.push(...files.filter(file => file !== filesOfDatasetAttempt({ datasetId: id, ...row })))
  }
  return abandoned
}
