import type { TensorFlow } from '../engines/engine.js'
import { RandomStream } from '../random/random-stream.js'
import type { DropoutMask } from './forward.js'

/**
 * The dropout masks of one step: inverted dropout, so that prediction needs no scaling. A mask depends on seed,
 * step and layer alone.
 * Source: N. Srivastava et al., “Dropout: a simple way to prevent neural networks from overfitting”, JMLR 15,
 * 2014, section 10.
 */
export function dropoutMasks(tf: TensorFlow, seed: number, step: number): DropoutMask {
  return (layerIndex, rate, shape) => {
    const random = new RandomStream(seed, 'dropout', [step, layerIndex])
    const size = shape.reduce((product, length) => product * length, 1)
    const mask = Float32Array.from({ length: size }, () => (random.nextFloat() < rate ? 0 : 1 / (1 - rate)))
    return tf.tensor(mask, [...shape])
  }
}
