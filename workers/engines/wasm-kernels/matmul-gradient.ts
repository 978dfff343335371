import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'

const matMulAttributes = z.object({ transposeA: z.boolean(), transposeB: z.boolean() })

/**
 * A matrix product's gradient by plain products of turned matrices: upstream asks for products that turn their
 * operands as they go, for which the wasm backend has only a slow path. Gradients are registered for all
 * backends at once; this one is as right on any other.
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
      if (!plain || Array.isArray(dy)) return upstream.gradFunc(dy, saved, attrs)
      return { a: () => tf.matMul(dy, turn(b)), b: () => tf.matMul(turn(a), dy) }
    },
  })
}

/** A matrix, or a batch of one. */
function isMatrix(tensor: tf.Tensor): boolean {
  return tensor.shape.length === 2 || (tensor.shape.length === 3 && tensor.shape[0] === 1)
}

function turn(matrix: tf.Tensor): tf.Tensor {
  return tf.transpose(matrix, matrix.shape.length === 2 ? [1, 0] : [0, 2, 1])
}
