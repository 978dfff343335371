import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import { findArchitecture, optimizerSpec } from '../../src/training/contract.js'
import type { TensorFlow } from '../engines/engine.js'
import { initializeWeights } from '../trainer/initialize.js'
import { createOptimizer } from '../trainer/optimizers.js'
import { takeStep } from '../trainer/training-step.js'

const BATCH = 128
const warmUpSteps = 2
const mostSteps = 20
const limitMs = 700

/**
 * Images a second of a few training steps of `simple-cnn`. Enough to tell one engine from another; for figures
 * to publish there is the benchmark.
 */
export async function measureTraining(tf: TensorFlow): Promise<number> {
  const network = findArchitecture('simple-cnn')?.build({ inputShape: [28, 28, 1], classes: 10 })
  if (!network) throw new Error('there is no simple-cnn')
  const optimizer = createOptimizer(tf, optimizerSpec.parse({ name: 'adam' }), network)
  let weights: Tensor[] = initializeWeights(tf, network, 1)
  const step = async () => {
    const wave = tf.tidy(() => tf.abs(tf.sin(tf.range(0, BATCH * 28 * 28))))
    const images = tf.reshape<Rank.R4>(wave, [BATCH, 28, 28, 1])
    wave.dispose()
    const labels = tf.tensor1d(
      Int32Array.from({ length: BATCH }, (_, index) => index % 10),
      'int32',
    )
    const result = takeStep(tf, network, weights, { images, labels }, { optimizer, learningRate: 0.001 })
    weights = result.weights
    // What a GPU was told to do is done when something that depends on it can be read.
    await result.loss.data()
    tf.dispose([result.loss, result.correct])
  }
  for (let i = 0; i < warmUpSteps; i++) await step()
  const begin = performance.now()
  let steps = 0
  while (steps < mostSteps && performance.now() - begin < limitMs) {
    await step()
    steps++
  }
  const imagesPerSecond = (steps * BATCH * 1000) / (performance.now() - begin)
  optimizer.dispose()
  tf.dispose(weights)
  return Math.round(imagesPerSecond)
}
