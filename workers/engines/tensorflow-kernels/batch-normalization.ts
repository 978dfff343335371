import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { BATCH_NORM_TRAINING, BATCH_NORM_TRAINING_GRAD } from '../batch-normalization.js'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed } from './operation.js'

const attributes = z.object({ epsilon: z.number() })

/**
 * Batch normalisation and its gradient, each in one operation. For CPUs: on a GPU `FusedBatchNormGradV3` expects
 * what cuDNN's forward pass kept, in place of the variance.
 */
export function fusedBatchNormalization(backend: TensorFlowBackend): Record<string, tf.KernelFunc> {
  const attribute = attributeWriter(backend.binding)
  const common = (attrs: tf.NamedAttrMap | undefined) => [
    attribute.float32('T'),
    attribute.float32('U'),
    attribute.float('epsilon', attributes.parse(attrs).epsilon),
    attribute.string('data_format', 'NHWC'),
    attribute.bool('is_training', true),
  ]
  return {
    [BATCH_NORM_TRAINING]: ({ inputs, attrs }) => {
      const [x, gamma, beta] = [
        inputNamed(inputs, 'x'),
        inputNamed(inputs, 'gamma'),
        inputNamed(inputs, 'beta'),
      ]
      return tf.tidy(() => {
        // The moving averages, which this operation could follow, are kept by whoever trains.
        const none = tf.tensor1d([])
        const [y, mean, , , variance] = backend.executeMultipleOutputs(
          'FusedBatchNormV3',
          common(attrs),
          [asImages(x), gamma, beta, none, none],
          6,
        )
        if (!y || !mean || !variance) throw new Error('FusedBatchNormV3 gives six tensors')
        return [tf.reshape(y, x.shape), mean, variance]
      })
    },
    [BATCH_NORM_TRAINING_GRAD]: ({ inputs, attrs }) => {
      const [dy, x, gamma] = [inputNamed(inputs, 'dy'), inputNamed(inputs, 'x'), inputNamed(inputs, 'gamma')]
      const [mean, variance] = [inputNamed(inputs, 'mean'), inputNamed(inputs, 'variance')]
      return tf.tidy(() => {
        const [dx, dgamma, dbeta] = backend.executeMultipleOutputs(
          'FusedBatchNormGradV3',
          common(attrs),
          [asImages(dy), asImages(x), gamma, mean, variance, tf.tensor1d([])],
          5,
        )
        if (!dx || !dgamma || !dbeta) throw new Error('FusedBatchNormGradV3 gives five tensors')
        return [tf.reshape(dx, x.shape), dgamma, dbeta]
      })
    },
  }
}

/** `[batch, height, width, channels]`, which these operations ask for; a dense layer's units are the channels. */
function asImages(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? x : tf.reshape(x, [-1, 1, 1, x.shape.at(-1) ?? 1])
}
