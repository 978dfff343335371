import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dependencies } from '../src/platform/dependencies.js'
import type { FailureReport, TrainingSpec } from '../src/training/contract.js'
import { fetchModel, NotStoredError } from './fetch-model.js'

/**
 * Copies the model that a fine-tuning begins with out of the storage, into a folder below the one given.
 * @returns the folder, a failure where the model is gone, or undefined where a spec begins with none
 * @throws what the storage throws where it can't be read
 */
export async function fetchSourceModel(
  { database, storage }: Pick<Dependencies, 'database' | 'storage'>,
  { from }: TrainingSpec,
  parent: string,
): Promise<string | FailureReport | undefined> {
  const { runId, modelId } = from ?? {}
  if (runId === undefined && modelId === undefined) return undefined
  const directory = join(parent, 'source')
  try {
    const modelKey = await findModelKey(database, { runId, modelId })
    if (modelKey === null) throw new NotStoredError('it was deleted')
    await mkdir(directory)
    await fetchModel(storage, modelKey, directory)
    return directory
  } catch (error) {
    if (!(error instanceof NotStoredError)) throw error
    const model = runId === undefined ? `The imported model ${modelId}` : `The model of the run ${runId}`
    return {
      code: 'SOURCE_MODEL_MISSING',
      message: `${model}, which this run begins with, could not be read: ${error.message}.`,
      hint: 'Launch the run again from a model that is still there.',
      fault: 'spec',
    }
  }
}

/** Null where there is none: what it belonged to was deleted. */
async function findModelKey(
  database: Dependencies['database'],
  { runId, modelId }: Pick<NonNullable<TrainingSpec['from']>, 'runId' | 'modelId'>,
): Promise<string | null> {
  const select = { modelKey: true }
  if (modelId !== undefined) {
    return (await database.importedModel.findUnique({ where: { id: modelId }, select }))?.modelKey ?? null
  }
  if (runId === undefined) return null
  return (await database.trainingRun.findUnique({ where: { id: runId }, select }))?.modelKey ?? null
}
