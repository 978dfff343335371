import type { DatasetAttempt } from './dataset-ledger.js'

/** The storage prefix of everything that an uploaded dataset leaves. */
export function filesOfDataset(datasetId: string): string {
  return `datasets/${datasetId}`
}

/** The upload as it was sent: there until it is decoded or refused. */
export function uploadOf(datasetId: string): string {
  return `${filesOfDataset(datasetId)}/upload`
}

/** What one execution leaves: images belong to the attempt that decoded them. */
export function filesOfDatasetAttempt({ datasetId, attempt }: DatasetAttempt): string {
  return `${filesOfDataset(datasetId)}/${attempt}`
}

/** In an attempt's files, and in the decoder's output directory: all pixels and labels, and a contact sheet. */
export const decodedFiles = { images: 'images.bin', preview: 'preview.png' } as const
