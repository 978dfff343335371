import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../src/platform/database.js'
import { type FailureReport, filesOfAttempt } from '../../src/training/contract.js'
import {
  type AttemptKey,
  finishRun,
  pauseRun,
  type RunOutcome,
  requeueRun,
  retryRun,
} from '../../src/training/runs/run-ledger.js'
import type { AttemptWatch } from './attempt-watch.js'
import type { EventBuffer } from './event-buffer.js'
import { describeStorageFailure } from './storage-failure.js'
import type { Supervision } from './supervision.js'
import type { Verdict } from './verdict.js'

/** What is tried again: the same run may do well on a machine that has the memory, or when the storage is back. */
const retried: readonly string[] = ['TRAINER_KILLED', 'MODEL_NOT_STORED', 'INPUTS_UNREADABLE']

/** Stores what the verdict says of the run. */
export async function conclude(
  parts: Supervision,
  key: AttemptKey,
  verdict: Verdict,
  events: EventBuffer,
  outputDirectory: string,
  watch: Pick<AttemptWatch, 'fail'>,
) {
  const { database } = parts
  if (verdict.kind === 'lost') return
  await events.close()
  switch (verdict.kind) {
    case 'cancelled':
      return finishRun(database, key, { status: 'CANCELLED' })
    case 'workerStops':
      return requeueRun(database, key, 'The worker was stopped.')
    case 'paused':
      return pauseRun(database, key)
    case 'failed':
      return failRun(database, key, verdict.failure, watch)
    case 'finished': {
      const prefix = filesOfAttempt(key)
      const outcome = await storeModel(parts, prefix, verdict, outputDirectory)
      const kept =
        'failure' in outcome
          ? await failRun(database, key, outcome.failure, watch).then(() => false)
          : await finishRun(database, key, outcome)
      if (!kept) await parts.storage.deleteAll(prefix)
    }
  }
}

/** Ends the run, or has it tried again where that may help. */
export function failRun(
  database: Database,
  key: AttemptKey,
  failure: FailureReport,
  watch: Pick<AttemptWatch, 'fail'>,
) {
  watch.fail(failure.code)
  if (retried.includes(failure.code)) return retryRun(database, key, failure)
  return finishRun(database, key, { status: 'FAILED', failure })
}

/** The files first: a run that has succeeded has its model. */
async function storeModel(
  { storage, logger }: Supervision,
  modelKey: string,
  { files, event }: Extract<Verdict, { kind: 'finished' }>,
  outputDirectory: string,
): Promise<RunOutcome> {
  try {
    for (const file of files) {
      await storage.put(`${modelKey}/${file}`, await readFile(join(outputDirectory, file)))
    }
    const { type: _, ...result } = event
    const status = event.endedBy === 'deadline' ? 'TIMED_OUT' : 'SUCCEEDED'
    return { status, result, modelKey }
  } catch (err) {
    logger.error({ err, modelKey }, 'The model could not be stored')
    const failure = describeStorageFailure('MODEL_NOT_STORED', 'The model could not be stored', err)
    return { status: 'FAILED', failure }
  }
}
