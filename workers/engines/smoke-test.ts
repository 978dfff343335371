import type { Rank } from '@tensorflow/tfjs-core'
import type { Engine } from './engine.js'

/**
 * Whether an engine really computes: a convolution's gradient, whose values are known. A GPU newer than the
 * library's kernels opens without complaint and fails at its first operation (tensorflow/tensorflow#99592).
 */
export async function passesSmokeTest({ tf }: Engine): Promise<boolean> {
  const gradient = tf.tidy(() => {
    const image = tf.ones<Rank.R4>([1, 4, 4, 1])
    const total = tf.grad(filter =>
      tf.sum(tf.conv2d(image, tf.reshape<Rank.R4>(filter, [3, 3, 1, 1]), 1, 'valid')),
    )
    return total(tf.ones([9]))
  })
  try {
    // Each weight saw four ones.
    return (await gradient.data()).every(value => value === 4)
  } finally {
    gradient.dispose()
  }
}
