import * as tf from '@tensorflow/tfjs-core'
import { CROSS_ENTROPY } from '../cross-entropy.js'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed } from './operation.js'

/** The loss and its gradient in one operation, where upstream has some twenty, each on very few numbers. */
export function registerCrossEntropy(backend: TensorFlowBackend): void {
  const attribute = attributeWriter(backend.binding)
  tf.registerKernel({
    kernelName: CROSS_ENTROPY,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs }) =>
      backend.executeMultipleOutputs(
        'SoftmaxCrossEntropyWithLogits',
        [attribute.float32('T')],
        [inputNamed(inputs, 'logits'), inputNamed(inputs, 'target')],
        2,
      ),
  })
}
