import type { NamedTensorMap, Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './engine.js'
import { withGradient } from './with-gradient.js'

/** The cross-entropy of softmax and its gradient by the logits, together: for an engine that has them in one. */
export const CROSS_ENTROPY = 'LyceumCrossEntropy'

/**
 * The mean over the batch of `-sum(target * log(softmax(logits)))`.
 * @param logits `[batch, classes]`
 * @param target `[batch, classes]`, each image's adding up to 1
 */
export function softmaxCrossEntropy(tf: TensorFlow, logits: Tensor2D, target: Tensor): Scalar {
  if (!tf.getKernel(CROSS_ENTROPY, tf.getBackend())) {
    return tf.neg(tf.mean<Scalar>(tf.sum(tf.mul(target, tf.logSoftmax(logits)), 1)))
  }
  return withGradient(
    tf,
    logits,
    logits => {
      const inputs: NamedTensorMap = { logits, target }
      const [losses, slope] = tf.engine().runKernel<[Tensor1D, Tensor]>(CROSS_ENTROPY, inputs)
      return { value: tf.mean<Scalar>(losses), saved: [slope] }
    },
    (dy, [slope]) => {
      if (!slope) throw new Error('the slope was not saved')
      return tf.mul(slope, tf.div(dy, logits.shape[0]))
    },
  )
}
