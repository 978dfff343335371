import type { NamedTensorMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './engine.js'
import { withGradient } from './with-gradient.js'

/**
 * Max-pooling that gives the places of the maxima too, and the gradient by them: for an engine that would look for
 * them again.
 */
export const MAX_POOL = 'LyceumMaxPool'
export const MAX_POOL_GRAD = 'LyceumMaxPoolGrad'

interface Window {
  filterSize: readonly [number, number]
  strides: readonly [number, number]
  pad: 'valid' | 'same'
}

/** @param images `[batch, height, width, channels]` */
export function maxPool(tf: TensorFlow, images: Tensor4D, { filterSize, strides, pad }: Window): Tensor4D {
  if (!tf.getKernel(MAX_POOL, tf.getBackend())) return tf.maxPool(images, [...filterSize], [...strides], pad)
  const attributes = { filterSize: [...filterSize], strides: [...strides], pad }
  return withGradient(
    tf,
    images,
    x => {
      const inputs: NamedTensorMap = { x }
      const [value, places] = tf.engine().runKernel<[Tensor4D, Tensor]>(MAX_POOL, inputs, attributes)
      return { value, saved: [x, value, places] }
    },
    (dy, [x, y, places]) => {
      if (!x || !y || !places) throw new Error('something was not saved')
      const inputs: NamedTensorMap = { dy, x, y, places }
      return tf.engine().runKernel<Tensor>(MAX_POOL_GRAD, inputs, attributes)
    },
  )
}
