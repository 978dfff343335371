import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { LayerSpec } from '../../src/networks/network.js'
import type { TensorFlow } from '../engines/engine.js'

type Settings = Omit<Extract<LayerSpec, { type: 'localResponseNormalization' }>, 'type'>

/**
 * Divides each number by what its neighbours in the channels are. The sums over neighbours are one matrix product
 * with a band of ones, so that every engine can differentiate it.
 * Source: A. Krizhevsky, I. Sutskever and G. Hinton, “ImageNet classification with deep convolutional neural
 * networks”, NIPS 2012, section 3.3.
 * @param x `[batch, height, width, channels]`
 */
export function localResponseNormalize(tf: TensorFlow, x: Tensor4D, settings: Settings): Tensor4D {
  const { radius, bias, alpha, beta } = settings
  const channels = x.shape[3]
  const ones = Array.from({ length: channels * channels }, (_, place) =>
    Math.abs(Math.floor(place / channels) - (place % channels)) <= radius ? 1 : 0,
  )
  const band = tf.tensor2d(ones, [channels, channels])
  const sums = tf.reshape(tf.matMul(tf.reshape(tf.square(x), [-1, channels]), band), x.shape)
  const divisor = tf.add(tf.mul(sums, alpha), bias)
  return tf.mul(x, tf.exp(tf.mul(tf.log(divisor), -beta)))
}
