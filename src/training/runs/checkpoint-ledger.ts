import type { Database } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { checkpointsOfRun } from './run-files.js'
import { type AttemptKey, tell } from './run-moves.js'

/** What a run goes on from, stored as one file. */
export interface NewCheckpoint {
  /** Steps taken. */
  step: number
  /** The epoch that the next step is of. */
  epoch: number
  /** In the storage. */
  key: string
  bytes: number
  sha256: string
  /** Of the epoch that it closes; null inside an epoch, and without validation. */
  validationLoss: number | null
}

export interface StoredCheckpoint extends NewCheckpoint {
  createdAt: Date
}

const lastOnesKept = 2

/** False where the attempt was fenced off: nothing is stored. */
export function recordCheckpoint(
  database: Database,
  { runId, attempt }: AttemptKey,
  checkpoint: NewCheckpoint,
): Promise<boolean> {
  const { step, epoch } = checkpoint
  return database.$transaction(async tx => {
    if (!(await tell(tx, { runId, attempt }, [{ type: 'checkpoint', step, epoch }]))) return false
    await tx.runCheckpoint.upsert({
      where: { runId_step: { runId, step } },
      create: { runId, attempt, ...checkpoint },
      update: { attempt, ...checkpoint },
    })
    return true
  })
}

/** The latest first. */
export async function findCheckpoints(database: Database, runId: string): Promise<StoredCheckpoint[]> {
  const rows = await database.runCheckpoint.findMany({ where: { runId }, orderBy: { step: 'desc' } })
  return rows.map(row => ({ ...row, bytes: Number(row.bytes) }))
}

export async function forgetCheckpoints(database: Database, runId: string, steps: number[]): Promise<void> {
  await database.runCheckpoint.deleteMany({ where: { runId, step: { in: steps } } })
}

/** When a run has ended there is nothing to go on from. */
export async function removeCheckpoints(
  { database, storage }: Pick<Dependencies, 'database' | 'storage'>,
  runId: string,
): Promise<void> {
  // The rows first: a row whose file is gone would be a lie.
  await database.runCheckpoint.deleteMany({ where: { runId } })
  await storage.deleteAll(checkpointsOfRun(runId))
}

/** Those that are no longer needed: all but the last two, and the one of the lowest validation loss. */
export function findExpendable<Checkpoint extends NewCheckpoint>(
  latestFirst: readonly Checkpoint[],
): Checkpoint[] {
  const older = latestFirst.slice(lastOnesKept)
  const losses = latestFirst.flatMap(({ validationLoss }) =>
    validationLoss === null ? [] : [validationLoss],
  )
  const best = latestFirst.find(({ validationLoss }) => validationLoss === Math.min(...losses))
  return older.filter(checkpoint => checkpoint !== best)
}
