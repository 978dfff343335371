import { Archive } from '../../../src/platform/archive.js'
import { datasetLimits } from '../../../src/training/contract.js'
import { decodeFolders } from './decode-folders.js'
import { decodeIdx, isIdx } from './decode-idx.js'
import type { DecodedUpload, OnProgress } from './decoded-upload.js'

/**
 * Decodes a zip of class folders or of IDX files.
 * @param size the side in pixels that images are brought to; null for that of most of them
 * @throws UploadRefused, whose message is for whoever sent it
 */
export async function decodeUpload(
  file: string,
  size: number | null,
  onProgress: OnProgress,
): Promise<DecodedUpload> {
  const archive = await Archive.open(file, datasetLimits)
  try {
    return await (isIdx(archive.files) ? decodeIdx : decodeFolders)(archive, size, onProgress)
  } finally {
    archive.close()
  }
}
