import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core'
import type { TensorFlow } from './engine.js'

/**
 * Adam's step as one operation, for an engine that has it. It changes a weight's two averages where they are: they
 * are held by the engine, and are not read but by `readHeld`.
 */
export const ADAM = 'LyceumAdam'
/** Takes a tensor's numbers into what an operation may change. */
export const HOLD = 'LyceumHold'
export const READ_HELD = 'LyceumReadHeld'

export interface AdamStep {
  /** By which the quotient of the averages is multiplied: the learning rate, corrected for their beginning at zero. */
  rate: number
  beta1: number
  beta2: number
  epsilon: number
}

export function hasAdam(tf: TensorFlow): boolean {
  return tf.getKernel(ADAM, tf.getBackend()) !== undefined
}

export function hold(tf: TensorFlow, x: Tensor): Tensor {
  return tf.engine().runKernel(HOLD, { x })
}

export function readHeld(tf: TensorFlow, held: Tensor): Tensor {
  return tf.engine().runKernel(READ_HELD, { held })
}

/**
 * @param mean of the gradients, held
 * @param meanSquare of the gradients, held
 * @returns the weight after the step
 */
export function stepByAdam(
  tf: TensorFlow,
  { weight, gradient, mean, meanSquare }: Record<'weight' | 'gradient' | 'mean' | 'meanSquare', Tensor>,
  step: AdamStep,
): Tensor {
  const inputs: NamedTensorMap = { weight, gradient, mean, meanSquare }
  return tf.engine().runKernel(ADAM, inputs, { ...step })
}
