import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { layersModelDocument } from '../../src/networks/layers-model.js'
import type { Network } from '../../src/networks/network.js'
import type { Weights } from './forward.js'

/**
 * Writes a trained network as a TensorFlow.js LayersModel, which `tf.loadLayersModel` opens.
 * @param metadata goes into the model's `userDefinedMetadata`
 * @returns the names of the files written
 */
export async function saveModel(
  network: Network,
  weights: Weights,
  directory: string,
  metadata: Record<string, unknown>,
): Promise<string[]> {
  const values = await Promise.all(weights.map(weight => weight.data()))
  const bytes = Buffer.concat(values.map(part => Buffer.from(part.buffer, part.byteOffset, part.byteLength)))
  const model = layersModelDocument(network, metadata)
  await writeFile(join(directory, 'weights.bin'), bytes)
  await writeFile(join(directory, 'model.json'), JSON.stringify(model))
  return ['model.json', 'weights.bin']
}
