import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { findExportProblem } from '../../src/networks/exports/export-formats.js'
import { readSavedModel, readSavedNetwork } from '../../src/networks/saved-model.js'
import { convertedFormats } from '../../src/training/contract.js'
import { StoredWeights } from './stored-weights.js'
import { writeKeras } from './write-keras.js'
import { writeOnnx } from './write-onnx.js'

export const exportCommand = z.object({
  format: z.enum(convertedFormats),
  /** A folder with `model.json` and `weights.bin`. */
  directory: z.string().min(1),
  /** What is written. */
  file: z.string().min(1),
})

/** @throws Error where the model can't be read, or has a layer that the format knows nothing of */
export async function writeExport({
  format,
  directory,
  file,
}: z.output<typeof exportCommand>): Promise<void> {
  const text = await readFile(join(directory, 'model.json'), 'utf8')
  const network = readSavedNetwork(text)
  const problem = findExportProblem(network, format)
  if (problem !== undefined) throw new Error(problem)
  const { weights: specs, classNames } = readSavedModel(text)
  const weights = await StoredWeights.open(join(directory, 'weights.bin'), specs)
  try {
    if (format === 'keras') await writeKeras(network, weights, file)
    else await writeOnnx(network, weights, classNames, file)
  } finally {
    await weights.close()
  }
}
