import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'

const matMulAttributes = z.object({ transposeA: z.boolean(), transposeB: z.boolean() })

/**
 * A matrix product's gradient by plain products of turned matrices: upstream asks for products that turn their
 * operands as they go, for which the wasm backend has only a slow path. Gradients are registered for all
 * backends at once: on any other upstream's is taken.
 */
export function registerMatMulGradient(): void {
  const upstream = tf.getGradient('BatchMatMul')
  if (!upstream) throw new Error('this version of tfjs-core has no gradient of BatchMatMul')
  tf.unregisterGradient('BatchMatMul')
  tf.registerGradient({
    kernelName: 'BatchMatMul',
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved, attrs) => {
      const [a, b] = saved
      const { transposeA, transposeB } = matMulAttributes.parse(attrs)
      const plain = !transposeA && !transposeB && a && b && isMatrix(a) && isMatrix(b)
      if (!plain || Array.isArray(dy) || tf.getBackend() !== 'wasm')
        return upstream.gradFunc(dy, saved, attrs)
      return { a: () => multiplyByTurned(dy, b), b: () => tf.matMul(turn(a), dy) }
    },
  })
}

/** `dy` times `b` turned over. */
function multiplyByTurned(dy: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const [rows = 0, inner = 0] = dy.shape.slice(-2)
  const [columns = 0] = b.shape.slice(-2)
  // Upstream rearranges the second side of a product, which takes some four times as long as turning it over. So where
  // `b` is large, a dense layer's kernel above all, it is made the first side, and the outcome is turned.
  const isTurnedAfterwards = 5 * inner * columns > 5 * inner * rows + rows * columns
  return isTurnedAfterwards ? turn(tf.matMul(b, turn(dy))) : tf.matMul(dy, turn(b))
}

/** A matrix, or a batch of one. */
function isMatrix(tensor: tf.Tensor): boolean {
  return tensor.shape.length === 2 || (tensor.shape.length === 3 && tensor.shape[0] === 1)
}

function turn(matrix: tf.Tensor): tf.Tensor {
  return tf.transpose(matrix, matrix.shape.length === 2 ? [1, 0] : [0, 2, 1])
}
