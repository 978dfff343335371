import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type { Test } from 'tap'
import type { Engine } from '../../../workers/engines/engine.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { compare, draw, sizeOf } from './numbers.js'

// Largest error allowed, as a share of the largest number compared.
const TOLERANCE = 1e-4

/** Single operations at sizes for which an engine may go a way of its own: larger than finite differences allow. */
export function checkKernels(t: Test, { tf }: Engine): void {
  t.test(
    'gives filters the sum of the gradients of the single images, also where a batch is large',
    async t => {
      const random = new RandomStream(4, 'weights')
      const shape: [number, number, number, number] = [7, 20, 20, 48]
      const images = tf.tensor4d(Float32Array.from(draw(sizeOf(shape), random)), shape)
      const convolutions: Record<
        string,
        { filter: Tensor; convolve: (x: Tensor4D, filter: Tensor) => Tensor }
      > = {
        conv2d: {
          filter: tf.tensor(Float32Array.from(draw(9 * 48 * 5, random)), [3, 3, 48, 5]),
          convolve: (x, filter) => tf.conv2d(x, tf.reshape<Rank.R4>(filter, [3, 3, 48, 5]), 1, 'same'),
        },
        depthwiseConv2d: {
          filter: tf.tensor(Float32Array.from(draw(9 * 48, random)), [3, 3, 48, 1]),
          convolve: (x, filter) =>
            tf.depthwiseConv2d(x, tf.reshape<Rank.R4>(filter, [3, 3, 48, 1]), 1, 'same'),
        },
      }
      for (const [name, { filter, convolve }] of Object.entries(convolutions)) {
        const gradientOf = (x: Tensor4D) =>
          tf.grad((filter: Tensor) => tf.square(convolve(x, filter)))(filter)
        const whole = tf.tidy(() => gradientOf(images))
        const sum = tf.tidy(() =>
          tf.addN(
            tf.split(images, shape[0]).map(image => gradientOf(tf.reshape<Rank.R4>(image, [1, 20, 20, 48]))),
          ),
        )
        compare(t, await whole.data(), Float64Array.from(await sum.data()), name, TOLERANCE)
        tf.dispose([filter, whole, sum])
      }
      images.dispose()
    },
  )

  t.test('turns matrices, whole or not of blocks, and tensors as matrices', async t => {
    for (const [rows, columns] of [
      [3, 70],
      [70, 3],
      [8, 32],
      [17, 33],
    ] as const) {
      const numbers = Float32Array.from({ length: rows * columns }, (_, place) => place - 40)
      const expected = numbers.map(
        (_, place) => numbers[(place % rows) * columns + Math.floor(place / rows)] ?? 0,
      )
      const x = tf.tensor(numbers, [1, rows, columns])
      const [matrix, tensor] = [
        tf.tidy(() => tf.transpose(tf.reshape(x, [rows, columns]))),
        tf.transpose(x, [2, 0, 1]),
      ]
      t.strictSame(matrix.shape, [columns, rows])
      t.strictSame(tensor.shape, [columns, 1, rows])
      t.strictSame(new Float32Array(await matrix.data()), expected, `${rows} rows of ${columns}`)
      t.strictSame(new Float32Array(await tensor.data()), expected, `${rows} rows of ${columns}, as a tensor`)
      tf.dispose([x, matrix, tensor])
    }
  })
}
