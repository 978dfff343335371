import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './engine.js'

/**
 * What `compute` makes of a tensor, with a gradient of its own.
 * @param compute gives, beside the value, the tensors that the gradient will need
 * @param differentiate gives the gradient by `x` of what has the gradient `dy` by the value
 */
export function withGradient<Value extends Tensor>(
  tf: TensorFlow,
  x: Tensor,
  compute: (x: Tensor) => { value: Value; saved: Tensor[] },
  differentiate: (dy: Tensor, saved: Tensor[]) => Tensor,
): Value {
  return tf.customGrad<Value>((x, save) => {
    if (typeof x === 'function' || typeof save !== 'function') throw new Error('a tensor was expected')
    const { value, saved } = compute(x)
    save(saved)
    return { value, gradFunc: differentiate }
  })(x)
}
