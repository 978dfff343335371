import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network, Shape } from '../../src/networks/network.js'
import type { TensorFlow } from '../engines/engine.js'
import { RandomStream } from '../random/random-stream.js'

/**
 * The weights that training begins with: kernels uniform over ±sqrt(6 / (fan in + fan out)), biases zero.
 * Source: X. Glorot and Y. Bengio, “Understanding the difficulty of training deep feedforward neural
 * networks”, AISTATS 2010, equation 16.
 */
export function initializeWeights(tf: TensorFlow, network: Network, seed: number): Tensor[] {
  return network.layers.flatMap((layer, layerIndex) =>
    layer.weights.map(({ name, shape }) =>
      name === 'bias'
        ? tf.zeros([...shape])
        : tf.tensor(glorotUniform(shape, new RandomStream(seed, 'weights', [layerIndex, 0])), [...shape]),
    ),
  )
}

/** @param shape `[in, out]`, or `[height, width, in, out]` */
function glorotUniform(shape: Shape, random: RandomStream): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1)
  const [fanIn = 1, fanOut = 1] = shape.slice(-2)
  const window = size / (fanIn * fanOut)
  const limit = Math.sqrt(6 / (window * (fanIn + fanOut)))
  return Float32Array.from({ length: size }, () => (2 * random.nextFloat() - 1) * limit)
}
