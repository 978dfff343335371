import type { Rank, Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { Engine } from './engine.js'

/**
 * Whether an engine really trains: one gradient whose values are known, and one step of a small CNN after which
 * its loss is lower.
 */
export async function trainsRightly(engine: Engine): Promise<boolean> {
  return (await differentiatesConvolution(engine)) && (await learnsFromOneStep(engine))
}

async function differentiatesConvolution({ tf }: Engine): Promise<boolean> {
  const gradient = tf.tidy(() => {
    const image = tf.ones<Rank.R4>([1, 4, 4, 1])
    const sum = (filter: Tensor) =>
      tf.sum(tf.conv2d(image, tf.reshape<Rank.R4>(filter, [3, 3, 1, 1]), 1, 'valid'))
    return tf.grad(sum)(tf.ones([9]))
  })
  const values = await gradient.data()
  gradient.dispose()
  // Each of the nine weights saw four ones.
  return values.length === 9 && values.every(value => value === 4)
}

/** Convolution, max-pooling and a dense layer, on eight images of two classes, by gradient descent. */
async function learnsFromOneStep({ tf }: Engine): Promise<boolean> {
  const losses = tf.tidy(() => {
    const wave = (count: number) => tf.cos(tf.range(0, count))
    const images = tf.reshape<Rank.R4>(wave(8 * 8 * 8), [8, 8, 8, 1])
    const labels = tf.oneHot(tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32'), 2)
    const loss = (filter: Tensor, kernel: Tensor) => {
      const convolved = tf.relu(tf.conv2d(images, tf.reshape<Rank.R4>(filter, [3, 3, 1, 4]), 1, 'same'))
      const pooled = tf.maxPool(convolved, 2, 2, 'valid')
      const logits = tf.matMul(tf.reshape(pooled, [8, 64]), tf.reshape(kernel, [64, 2]))
      return tf.neg(tf.mean<Scalar>(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1)))
    }
    const weights = [wave(36), tf.mul(wave(128), 0.1)]
    const { value, grads } = tf.valueAndGrads(loss)(weights)
    const next = weights.map((weight, index) => tf.sub(weight, tf.mul(grads[index] ?? 0, 0.01)))
    const [filter, kernel] = next
    return filter && kernel ? tf.stack([value, loss(filter, kernel)]) : tf.zeros([2])
  })
  const [before = Number.NaN, after = Number.NaN] = await losses.data()
  losses.dispose()
  return after < before
}
