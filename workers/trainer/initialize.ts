import type { Tensor } from '@tensorflow/tfjs-core'
import type { Initializer, Network, Shape } from '../../src/networks/network.js'
import type { TensorFlow } from '../engines/engine.js'
import { RandomStream } from '../random/random-stream.js'

/**
 * The weights that training begins with, as each layer's plan says. A weight depends on the seed, its layer and
 * its place in it alone.
 */
export function initializeWeights(tf: TensorFlow, network: Network, seed: number): Tensor[] {
  return network.layers.flatMap((layer, layerIndex) =>
    layer.weights.map(({ shape, initializer }, place) =>
      tf.tensor(initialValues(initializer, shape, new RandomStream(seed, 'weights', [layerIndex, place])), [
        ...shape,
      ]),
    ),
  )
}

/**
 * Sources: X. Glorot and Y. Bengio, “Understanding the difficulty of training deep feedforward neural networks”,
 * AISTATS 2010, equation 16; K. He, X. Zhang, S. Ren and J. Sun, “Delving deep into rectifiers”, ICCV 2015,
 * equation 10. The normal ones are drawn from a whole normal distribution, as the papers have it; Keras cuts it
 * at two deviations.
 *
 * `heNormalDepthwise` has He's number of inputs right for depthwise convolutions. Kernels smaller by the root of the
 * channels would do the same before batch normalisation, but an optimizer's steps would turn them around too fast
 * for its moving averages to follow.
 */
function initialValues(initializer: Initializer, shape: Shape, random: RandomStream): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1)
  if (typeof initializer !== 'string') return Float32Array.from(initializer)
  const { fanIn, fanOut, window } = fans(shape, size)
  const uniform = (limit: number) =>
    Float32Array.from({ length: size }, () => (2 * random.nextFloat() - 1) * limit)
  const normal = (deviation: number) =>
    Float32Array.from({ length: size }, () => random.nextNormal() * deviation)
  switch (initializer) {
    case 'zeros':
      return new Float32Array(size)
    case 'ones':
      return new Float32Array(size).fill(1)
    case 'glorotUniform':
      return uniform(Math.sqrt(6 / (fanIn + fanOut)))
    case 'glorotNormal':
      return normal(Math.sqrt(2 / (fanIn + fanOut)))
    case 'heUniform':
      return uniform(Math.sqrt(6 / fanIn))
    case 'heNormal':
      return normal(Math.sqrt(2 / fanIn))
    case 'heNormalDepthwise':
      return normal(Math.sqrt(2 / window))
  }
}

/**
 * How many numbers each output is made of, and each input goes into, as Keras counts them: of a depthwise convolution
 * as if each output were made of all channels.
 */
function fans(shape: Shape, size: number): { fanIn: number; fanOut: number; window: number } {
  const [inputs = 1, outputs = 1] = shape.slice(-2)
  const window = size / (inputs * outputs)
  return { fanIn: window * inputs, fanOut: window * outputs, window }
}
