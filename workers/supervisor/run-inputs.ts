import type { FailureReport, TrainingSpec, UploadedDataset } from '../../src/training/contract.js'
import { type AttemptKey, heartbeat } from '../../src/training/runs/run-ledger.js'
import { fetchUpload } from '../fetch-upload.js'
import { fetchSourceModel } from '../source-model.js'
import type { RunCheckpoints } from './run-checkpoints.js'
import { describeStorageFailure } from './storage-failure.js'
import type { Supervision } from './supervision.js'

const heartbeatMs = 2_000

/** The files that a run begins with, as its child is told of them. */
interface RunInputs {
  sourceDirectory?: string
  upload?: UploadedDataset
  checkpointFile?: string
}

/**
 * Brings the files that a run begins with out of the storage. They may be large: meanwhile the run's heart beats.
 *
 * @returns a failure where one of them is gone, or can't be read just now
 */
export async function fetchInputs(
  parts: Supervision,
  key: AttemptKey,
  spec: TrainingSpec,
  checkpoints: Pick<RunCheckpoints, 'fetchLatest'>,
  directory: string,
): Promise<RunInputs | { failure: FailureReport }> {
  const { database, logger } = parts
  const beat = () =>
    heartbeat(database, key).catch(err => logger.warn({ err, ...key }, 'The heartbeat could not be stored'))
  const heart = setInterval(beat, heartbeatMs)
  try {
    const source = await fetchSourceModel(parts, spec, directory)
    if (typeof source === 'object') return { failure: source }
    const upload = await fetchUpload(parts, spec, directory)
    if (upload && 'code' in upload) return { failure: upload }
    const checkpointFile = await checkpoints.fetchLatest()
    return {
      ...(source === undefined ? {} : { sourceDirectory: source }),
      ...(upload === undefined ? {} : { upload }),
      ...(checkpointFile === undefined ? {} : { checkpointFile }),
    }
  } catch (err) {
    logger.error({ err, ...key }, 'What a run begins with could not be read')
    return {
      failure: describeStorageFailure('INPUTS_UNREADABLE', 'What the run begins with could not be read', err),
    }
  } finally {
    clearInterval(heart)
  }
}
