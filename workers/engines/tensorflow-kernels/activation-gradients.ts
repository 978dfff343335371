import * as tf from '@tensorflow/tfjs-core'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed } from './operation.js'

interface ActivationGradient {
  activation: string
  operation: string
  /** What the operation asks for, in its order; `saved` is what tfjs saves for the gradient, the input or the output. */
  inputs: ['dy', 'saved'] | ['saved', 'dy']
}

const gradients: ActivationGradient[] = [
  { activation: tf.Relu, operation: 'ReluGrad', inputs: ['dy', 'saved'] },
  { activation: tf.Relu6, operation: 'Relu6Grad', inputs: ['dy', 'saved'] },
  { activation: tf.Tanh, operation: 'TanhGrad', inputs: ['saved', 'dy'] },
  { activation: tf.Sigmoid, operation: 'SigmoidGrad', inputs: ['saved', 'dy'] },
]

/** Gradients of activations in one operation each, where upstream composes them of three to five. */
export function registerActivationGradients(backend: TensorFlowBackend): void {
  for (const gradient of gradients) register(backend, gradient)
}

/** Gradients are registered for all backends at once: any other keeps upstream's. */
function register(backend: TensorFlowBackend, { activation, operation, inputs: order }: ActivationGradient) {
  const attribute = attributeWriter(backend.binding)
  const kernelName = `Lyceum${operation}`
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs }) =>
      backend.executeSingleOutput(
        operation,
        [attribute.float32('T')],
        order.map(name => inputNamed(inputs, name)),
      ),
  })
  const upstream = tf.getGradient(activation)
  if (!upstream) throw new Error(`this version of tfjs-core has no gradient of ${activation}`)
  tf.unregisterGradient(activation)
  tf.registerGradient({
    ...upstream,
    gradFunc: (dy, all, attrs) => {
      const [saved] = all
      if (!saved || Array.isArray(dy) || !tf.getKernel(kernelName, tf.getBackend())) {
        return upstream.gradFunc(dy, all, attrs)
      }
      return { x: () => tf.engine().runKernel<tf.Tensor>(kernelName, { dy, saved }) }
    },
  })
}
