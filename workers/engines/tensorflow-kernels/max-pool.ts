import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { MAX_POOL, MAX_POOL_GRAD } from '../max-pool.js'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed, succeeds } from './operation.js'

const pair = z.tuple([z.number(), z.number()])
const attributes = z.object({ filterSize: pair, strides: pair, pad: z.enum(['valid', 'same']) })

/**
 * Max-pooling by oneDNN's operation, whose gradient is given the place of each window's maximum: TensorFlow's own
 * `MaxPoolGrad` looks for them again, one comparison after another, and took 16 times as long on 128 images of
 * 26x26x32. Does nothing where the library has no such operation, as on ARM.
 */
export function registerMaxPool(backend: TensorFlowBackend): void {
  const attribute = attributeWriter(backend.binding)
  const common = (attrs: tf.NamedAttrMap | undefined) => {
    const { filterSize, strides, pad } = attributes.parse(attrs)
    return [
      attribute.float32('T'),
      attribute.ints('ksize', [1, ...filterSize, 1]),
      attribute.ints('strides', [1, ...strides, 1]),
      attribute.string('padding', pad.toUpperCase()),
      attribute.string('data_format', 'NHWC'),
      attribute.bool('workspace_enabled', true),
      attribute.native,
    ]
  }
  const pool: tf.KernelFunc = ({ inputs, attrs }) =>
    backend.executeMultipleOutputs('_MklNativeMaxPool', common(attrs), [inputNamed(inputs, 'x')], 2)
  const differentiate: tf.KernelFunc = ({ inputs, attrs }) =>
    backend.executeSingleOutput(
      '_MklNativeMaxPoolGrad',
      common(attrs),
      ['x', 'y', 'dy', 'places'].map(name => inputNamed(inputs, name)),
    )
  const canPool = succeeds(() => {
    const attrs = { filterSize: [1, 1], strides: [1, 1], pad: 'valid' }
    const x = tf.ones([1, 1, 1, 1])
    const result = pool({ inputs: { x }, attrs, backend })
    const [y, places] = Array.isArray(result) ? result : []
    if (y && places) differentiate({ inputs: { x, y, places, dy: x }, attrs, backend })
  })
  if (!canPool) return
  tf.registerKernel({ kernelName: MAX_POOL, backendName: 'tensorflow', kernelFunc: pool })
  tf.registerKernel({ kernelName: MAX_POOL_GRAD, backendName: 'tensorflow', kernelFunc: differentiate })
}
