import type { Tensor } from '@tensorflow/tfjs-core'
import type { GradientClipping } from '../../src/training/contract.js'
import type { TensorFlow } from '../engines/engine.js'

/**
 * Gradients that are not too large; the tensors given stay the caller's. The norm is not read from the
 * engine, which would wait for it.
 * Source for `norm`: R. Pascanu, T. Mikolov and Y. Bengio, “On the difficulty of training recurrent neural
 * networks”, ICML 2013, algorithm 1, with the norm of all gradients taken together.
 */
export function clipGradients(
  tf: TensorFlow,
  gradients: readonly (Tensor | undefined)[],
  { by, limit }: GradientClipping,
): (Tensor | undefined)[] {
  if (by === 'value') return gradients.map(gradient => gradient && tf.clipByValue(gradient, -limit, limit))
  const scale = tf.tidy(() => {
    const squares = gradients.flatMap(gradient => (gradient ? [tf.sum(tf.square(gradient))] : []))
    const norm = tf.sqrt(tf.addN(squares))
    return tf.div(limit, tf.maximum(norm, limit))
  })
  const clipped = gradients.map(gradient => gradient && tf.mul(gradient, scale))
  scale.dispose()
  return clipped
}
