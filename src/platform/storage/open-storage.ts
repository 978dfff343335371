import type { Config } from '../../config.js'
import { openFolderStorage } from './folder-storage.js'
import type { Storage } from './storage.js'

/**
 * Opens the storage that is configured.
 *
 * @throws Error with one line that says what to do, where the bucket of one in S3 can't be used
 */
export async function openStorage({ s3, storageDirectory }: Config): Promise<Storage> {
  if (!s3) return openFolderStorage(storageDirectory)
  // Its client takes a third of a second to load: only for those who use it.
  const { openS3Storage } = await import('./s3-storage.js')
  return openS3Storage(s3)
}
