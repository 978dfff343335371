import type { TensorFlow } from '../engines/engine.js'
import { RandomStream } from '../random/random-stream.js'
import type { DropoutMask } from './forward.js'

/**
 * The dropout masks of one step: inverted dropout, so that prediction needs no scaling. A mask depends on seed,
 * step, layer and the image's place in the batch alone.
 * Source: N. Srivastava et al., “Dropout: a simple way to prevent neural networks from overfitting”, JMLR 15,
 * 2014, section 10.
 * @param first the place of the first image, where those of a batch's part are asked for
 */
export function dropoutMasks(tf: TensorFlow, seed: number, step: number, first = 0): DropoutMask {
  return (layerIndex, rate, shape) => {
    const random = new RandomStream(seed, 'dropout', [step, layerIndex])
    const size = shape.reduce((product, length) => product * length, 1)
    random.skip(first * (size / (shape[0] ?? 1)))
    const mask = new Float32Array(size)
    const kept = 1 / (1 - rate)
    // A plain loop: a network's masks can be a million numbers a step, and `from` takes several times as long.
    for (let i = 0; i < size; i++) if (random.nextFloat() >= rate) mask[i] = kept
    return tf.tensor(mask, [...shape])
  }
}
