import * as tf from '@tensorflow/tfjs-core'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed } from './operation.js'

const RELU_GRAD = 'LyceumReluGrad'

/**
 * ReLU's gradient in one operation, where upstream makes a mask of five. Gradients are registered for all
 * backends at once: any other keeps upstream's.
 */
export function registerReluGrad(backend: TensorFlowBackend): void {
  const attribute = attributeWriter(backend.binding)
  tf.registerKernel({
    kernelName: RELU_GRAD,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs }) =>
      backend.executeSingleOutput(
        'ReluGrad',
        [attribute.float32('T')],
        [inputNamed(inputs, 'dy'), inputNamed(inputs, 'x')],
      ),
  })
  const upstream = tf.getGradient(tf.Relu)
  if (!upstream) throw new Error('this version of tfjs-core has no gradient of Relu')
  tf.unregisterGradient(tf.Relu)
  tf.registerGradient({
    ...upstream,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved
      if (!x || Array.isArray(dy) || !tf.getKernel(RELU_GRAD, tf.getBackend())) {
        return upstream.gradFunc(dy, saved, attrs)
      }
      return { x: () => tf.engine().runKernel<tf.Tensor>(RELU_GRAD, { dy, x }) }
    },
  })
}
