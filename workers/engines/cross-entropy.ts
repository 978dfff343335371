import type { NamedTensorMap, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './engine.js'
import { withGradient } from './with-gradient.js'

/** The cross-entropy of softmax and its gradient by the logits, together: for an engine that has them in one. */
export const CROSS_ENTROPY = 'LyceumCrossEntropy'

/**
 * `-sum(target * log(softmax(logits)))`, image by image.
 * @param logits `[batch, classes]`
 * @param target `[batch, classes]`, each image's adding up to 1
 */
export function softmaxCrossEntropy(tf: TensorFlow, logits: Tensor2D, target: Tensor): Tensor1D {
  if (!tf.getKernel(CROSS_ENTROPY, tf.getBackend())) {
    return tf.neg(tf.sum<Tensor1D>(tf.mul(target, tf.logSoftmax(logits)), 1))
  }
  return withGradient(
    tf,
    logits,
    logits => {
      const inputs: NamedTensorMap = { logits, target }
      const [value, slope] = tf.engine().runKernel<[Tensor1D, Tensor]>(CROSS_ENTROPY, inputs)
      return { value, saved: [slope] }
    },
    (dy, [slope]) => {
      if (!slope) throw new Error('the slope was not saved')
      return tf.mul(slope, tf.expandDims(dy, 1))
    },
  )
}
