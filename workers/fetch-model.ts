import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Storage } from '../src/platform/storage/storage.js'

/** What should be copied was deleted. */
export class NotStoredError extends Error {
  override name = 'NotStoredError'
}

const modelFiles = ['model.json', 'weights.bin']

/**
 * Copies a model out of the storage into a folder.
 * @throws NotStoredError where one of its files is not there; what the storage throws
 */
export async function fetchModel(storage: Storage, modelKey: string, directory: string): Promise<void> {
  for (const file of modelFiles) {
    const opened = await storage.open(`${modelKey}/${file}`)
    if (!opened) throw new NotStoredError(`there is no ${file} in the storage`)
    await pipeline(opened.stream, createWriteStream(join(directory, file)))
  }
}
