import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import { readSavedModel } from '../../src/networks/saved-model.js'
import { findHead } from '../../src/networks/transfer.js'
import { findSourceProblems, weightName } from '../../src/training/contract.js'
import type { TensorFlow } from '../engines/engine.js'
import { Failure } from './failure.js'
import { initializeWeights } from './initialize.js'

const BYTES_OF_FLOAT32 = 4

/**
 * The weights of the model in a folder, in the order of the network's; those of a new head are drawn by the seed.
 * @throws Failure where the model has not what the network asks for
 */
export async function transferWeights(
  tf: TensorFlow,
  network: Network,
  { seed, newHead, directory }: { seed: number; newHead: boolean; directory: string },
): Promise<Tensor[]> {
  const model = readSavedModel(await readFile(join(directory, 'model.json'), 'utf8'))
  const [problem] = findSourceProblems(network, newHead, model)
  if (problem) throw misfit(problem.message)
  const stored = readWeights(model.weights, await readFile(join(directory, 'weights.bin')))
  const head = findHead(network)
  const drawn = initializeWeights(tf, network, seed)
  const names = network.layers.flatMap((layer, index) =>
    layer.weights.map(({ name }) => (newHead && index === head ? undefined : weightName(layer.name, name))),
  )
  return drawn.map((tensor, place) => {
    const name = names[place]
    const values = name === undefined ? undefined : stored.get(name)
    if (!values) return tensor
    tensor.dispose()
    return tf.tensor(values, tensor.shape)
  })
}

function readWeights(
  weights: readonly { name: string; shape: readonly number[] }[],
  file: Uint8Array,
): Map<string, Float32Array> {
  // A copy, whose beginning is a multiple of four bytes.
  const bytes = Uint8Array.from(file).buffer
  const values = new Map<string, Float32Array>()
  let offset = 0
  for (const { name, shape } of weights) {
    const length = shape.reduce((product, size) => product * size, 1)
    if (offset + length * BYTES_OF_FLOAT32 > bytes.byteLength) {
      throw misfit('The model’s weights.bin is shorter than its model.json says.')
    }
    // Copied too: the tensorflow engine goes on reading the array that a tensor is made of.
    values.set(name, new Float32Array(bytes, offset, length).slice())
    offset += length * BYTES_OF_FLOAT32
  }
  return values
}

function misfit(message: string): Failure {
  const hint = 'Fine-tune another model, or train this network from scratch.'
  return new Failure({ code: 'SOURCE_MODEL_UNFIT', message, hint, fault: 'spec' })
}
