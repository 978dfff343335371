import type { Storage } from '../../platform/storage/storage.js'

/** The text of a stored model's `model.json`; undefined where the model was deleted. */
export async function readModelJson(storage: Storage, modelKey: string): Promise<string | undefined> {
  try {
    return (await storage.read(`${modelKey}/model.json`)).toString()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
