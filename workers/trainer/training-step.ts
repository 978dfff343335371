import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import type { TensorFlow } from '../engines/engine.js'
import { type DropoutMask, forward, type Weights } from './forward.js'

export interface Batch {
  /** `[batch, height, width, channels]`, each number between 0 and 1 */
  images: Tensor4D
  /** `[batch]`, int32 class indices */
  labels: Tensor1D
}

export interface StepResult {
  /** Mean cross-entropy over the batch, a scalar. */
  loss: Tensor
  /** How many images of the batch were classified rightly, a scalar. */
  correct: Tensor
  /** One for each weight. */
  gradients: Tensor[]
}

/**
 * A batch's loss and its gradient by every weight. Nothing is read back from the engine: reading would wait for
 * it. The tensors of the result are the caller's to dispose.
 */
export function computeGradients(
  tf: TensorFlow,
  network: Network,
  weights: Weights,
  batch: Batch,
  dropoutMask?: DropoutMask,
): StepResult {
  return tf.tidy(() => {
    const seen: Tensor[] = []
    const { value, grads } = tf.valueAndGrads((...current: Tensor[]) => {
      const logits = forward(tf, network, current, batch.images, dropoutMask)
      seen.push(tf.keep(countCorrect(tf, logits, batch.labels)))
      return crossEntropy(tf, logits, batch.labels)
    })([...weights])
    const [correct] = seen
    if (!correct) throw new Error('the loss was not computed')
    return { loss: value, correct, gradients: grads }
  })
}

/** Mean over the batch of -log(softmax(logits)[label]). */
export function crossEntropy(tf: TensorFlow, logits: Tensor2D, labels: Tensor1D): Scalar {
  const expected = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32')
  return tf.neg(tf.mean<Scalar>(tf.sum(tf.mul(expected, tf.logSoftmax(logits)), 1)))
}

function countCorrect(tf: TensorFlow, logits: Tensor2D, labels: Tensor1D): Scalar {
  return tf.sum<Scalar>(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'))
}
