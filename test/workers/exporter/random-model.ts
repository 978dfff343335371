import { mkdir } from 'node:fs/promises'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../../src/networks/network.js'
import type { TensorFlow } from '../../../workers/engines/engine.js'
import { saveModel } from '../../../workers/trainer/save-model.js'

/**
 * Saves a network as a run does, with weights that are random throughout: as a network begins, biases and the
 * statistics of batch normalisation are all alike, and what mixes them up would not be seen. Numbers by the linear
 * congruence of Numerical Recipes: some of the networks have ten million.
 */
export async function saveRandomModel(tf: TensorFlow, network: Network, directory: string): Promise<void> {
  let state = 1
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  }
  const weights = network.layers.flatMap(layer =>
    layer.weights.map(({ name, shape }): Tensor => {
      const size = shape.reduce((product, length) => product * length, 1)
      const fanIn = size / (shape.at(-1) ?? 1)
      const spread = name === 'kernel' || name === 'depthwise_kernel' ? Math.sqrt(2 / fanIn) : 0.2
      const centre = name === 'gamma' || name === 'moving_variance' ? 1 : 0
      return tf.tensor(
        Float32Array.from({ length: size }, () => centre + next() * spread),
        [...shape],
      )
    }),
  )
  await mkdir(directory, { recursive: true })
  await saveModel(network, weights, directory, {
    classNames: Array.from({ length: network.outputShape[0] ?? 0 }, (_, index) => `class ${index}`),
  })
  tf.dispose(weights)
}
