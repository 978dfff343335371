import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../../src/networks/network.js'
import { optimizerSpec } from '../../../src/training/contract.js'
import type { Engine } from '../../../workers/engines/engine.js'
import { dropoutMasks } from '../../../workers/trainer/dropout.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'
import { createOptimizer } from '../../../workers/trainer/optimizers.js'
import { takeStep } from '../../../workers/trainer/training-step.js'

/**
 * What six steps may differ between engines, as a share of the largest number compared: some hundred roundings of
 * float32. Nothing may make more of a rounding than it is: hence no ReLU in what is compared, where one decides between
 * a gradient and none, and no Adam, whose first steps divide a gradient by its own size, one that is zero but for a
 * rounding too.
 */
export const TOLERANCE = 1e-5
const optimizerOfSteps = optimizerSpec.parse({ name: 'sgd', momentum: 0.9 })

/**
 * Steps on one batch again and again.
 * @param pixels of the whole batch
 * @returns the losses of so many steps, then each of the weights
 */
export async function trainSteps(
  { tf, name }: Engine,
  network: Network,
  pixels: Float32Array,
  steps: number,
): Promise<number[][]> {
  await tf.setBackend(name)
  const [height = 1, width = 1, channels = 1] = network.inputShape
  const batchSize = pixels.length / (height * width * channels)
  const optimizer = createOptimizer(tf, optimizerOfSteps, network)
  let weights: Tensor[] = initializeWeights(tf, network, 5)
  const losses: number[] = []
  for (let step = 1; step <= steps; step++) {
    const labels = Int32Array.from({ length: batchSize }, (_, index) => index % 10)
    const batch = {
      images: tf.tensor4d(pixels, [batchSize, height, width, channels]),
      labels: tf.tensor1d(labels, 'int32'),
    }
    const dropoutMask = dropoutMasks(tf, 1, step)
    const result = takeStep(tf, network, weights, batch, { optimizer, learningRate: 0.01, dropoutMask })
    losses.push((await result.loss.data())[0] ?? Number.NaN)
    tf.dispose([result.loss, result.correct])
    weights = result.weights
  }
  const values = await Promise.all(weights.map(async weight => [...(await weight.data())]))
  tf.dispose(weights)
  optimizer.dispose()
  return [losses, ...values]
}
