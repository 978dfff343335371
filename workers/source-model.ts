import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dependencies } from '../src/platform/dependencies.js'
import type { FailureReport, TrainingSpec } from '../src/training/contract.js'
import { fetchModel } from './fetch-model.js'

/**
 * Copies the model that a fine-tuning begins with out of the storage, into a folder below the one given.
 * @returns the folder, a failure where the model is gone, or undefined where a spec begins with none
 */
export async function fetchSourceModel(
  { database, storage }: Pick<Dependencies, 'database' | 'storage'>,
  { from }: TrainingSpec,
  parent: string,
): Promise<string | FailureReport | undefined> {
  if (from?.runId === undefined) return undefined
  const source = await database.trainingRun.findUnique({
    where: { id: from.runId },
    select: { modelKey: true },
  })
  const directory = join(parent, 'source')
  try {
    if (!source?.modelKey) throw new Error('the run was deleted')
    await mkdir(directory)
    await fetchModel(storage, source.modelKey, directory)
    return directory
  } catch (error) {
    return {
      code: 'SOURCE_MODEL_MISSING',
      message:
        `The model of the run ${from.runId}, which this one begins with, could not be read: ` +
        `${error instanceof Error ? error.message : error}.`,
      hint: 'Launch the run again from a model that is still there.',
      fault: 'spec',
    }
  }
}
