import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Dependencies } from '../src/platform/dependencies.js'
import {
  decodedFiles,
  describeUpload,
  type FailureReport,
  filesOfDatasetAttempt,
  namesUpload,
  type TrainingSpec,
  type UploadedDataset,
  uploadedDataset,
} from '../src/training/contract.js'

/**
 * Copies the images of an uploaded dataset out of the storage, into a folder.
 *
 * @returns undefined where the spec's dataset comes with Lyceum, a failure where the upload is gone
 * @throws what the storage throws where it can't be read
 */
export async function fetchUpload(
  { database, storage }: Pick<Dependencies, 'database' | 'storage'>,
  { dataset: id }: TrainingSpec,
  directory: string,
): Promise<UploadedDataset | FailureReport | undefined> {
  if (!namesUpload(id)) return undefined
  const missing = (reason: string): FailureReport => ({
    code: 'DATASET_MISSING',
    message: `The dataset ${id} could not be read: ${reason}.`,
    hint: 'See that API and workers share one storage, or upload the dataset again.',
    fault: 'machine',
  })
  const row = await database.uploadedDataset.findUnique({ where: { id } })
  if (row?.state !== 'READY') return missing('it was deleted')
  const files = filesOfDatasetAttempt({ datasetId: id, attempt: row.attempt })
  const images = await storage.open(`${files}/${decodedFiles.images}`)
  if (!images) return missing('its images are not in the storage')
  const file = join(directory, 'dataset.bin')
  await pipeline(images.stream, createWriteStream(file))
  return uploadedDataset.parse({ file, checksum: row.checksum, description: describeUpload(row) })
}
