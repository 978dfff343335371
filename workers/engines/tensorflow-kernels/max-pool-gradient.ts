import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed } from './operation.js'

const pair = z.union([
  z.tuple([z.number(), z.number()]),
  z.number().transform((n): [number, number] => [n, n]),
])
const attributes = z.object({ filterSize: pair, strides: pair, pad: z.enum(['valid', 'same']) })

/**
 * The gradient of max-pooling by oneDNN's operation, which is given the place of each window's maximum:
 * TensorFlow's own `MaxPoolGrad` looks for them again, one comparison after another, and took 16 times as long on
 * 128 images of 26x26x32. Does nothing where the library has no such operation, as on ARM.
 */
export function registerMaxPoolGrad(backend: TensorFlowBackend): void {
  const attribute = attributeWriter(backend.binding)
  const differentiate: tf.KernelFunc = ({ inputs, attrs }) => {
    const { filterSize, strides, pad } = attributes.parse(attrs)
    const [dy, x] = [inputNamed(inputs, 'dy'), inputNamed(inputs, 'input')]
    const common = [
      attribute.float32('T'),
      attribute.ints('ksize', [1, ...filterSize, 1]),
      attribute.ints('strides', [1, ...strides, 1]),
      attribute.string('padding', pad.toUpperCase()),
      attribute.string('data_format', 'NHWC'),
      attribute.bool('workspace_enabled', true),
      // The label under which TensorFlow registers what oneDNN computes on tensors in TensorFlow's own layout.
      attribute.string('_kernel', 'MklNameChangeOp'),
    ]
    return tf.tidy(() => {
      const [y, places] = backend.executeMultipleOutputs('_MklNativeMaxPool', common, [x], 2)
      if (!y || !places) throw new Error('_MklNativeMaxPool gives two tensors')
      return backend.executeSingleOutput('_MklNativeMaxPoolGrad', common, [x, y, dy, places])
    })
  }
  if (!works(differentiate, backend)) return
  tf.unregisterKernel(tf.MaxPoolGrad, 'tensorflow')
  tf.registerKernel({ kernelName: tf.MaxPoolGrad, backendName: 'tensorflow', kernelFunc: differentiate })
}

function works(kernel: tf.KernelFunc, backend: TensorFlowBackend): boolean {
  return tf.tidy(() => {
    try {
      const [dy, input] = [tf.ones([1, 1, 1, 1]), tf.ones([1, 2, 2, 1])]
      kernel({ inputs: { dy, input }, attrs: { filterSize: 2, strides: 2, pad: 'valid' }, backend })
      return true
    } catch {
      return false
    }
  })
}
