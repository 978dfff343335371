import type { Tensor } from '@tensorflow/tfjs-core'
import { findArchitecture, optimizerSpec } from '../../src/training/contract.js'
import type { Engine } from '../engines/engine.js'
import { openGradientSource } from '../trainer/gradient-source.js'
import { initializeWeights } from '../trainer/initialize.js'
import { createOptimizer } from '../trainer/optimizers.js'
import { applyGradients, trainableWeights } from '../trainer/training-step.js'

const BATCH = 128
const warmUpSteps = 2
const mostSteps = 20
const limitMs = 700

/**
 * Images a second of a few training steps of `simple-cnn`. Enough to tell one engine from another; for figures
 * to publish there is the benchmark.
 */
export async function measureTraining(engine: Engine): Promise<number> {
  const { tf } = engine
  const network = findArchitecture('simple-cnn')?.build({ inputShape: [28, 28, 1], classes: 10 })
  if (!network) throw new Error('there is no simple-cnn')
  const optimizer = createOptimizer(tf, optimizerSpec.parse({ name: 'adam' }), network)
  const source = openGradientSource(engine, network, 1, engine.threads)
  const pass = { labelSmoothing: 0, trainable: trainableWeights(network) }
  let weights: Tensor[] = initializeWeights(tf, network, 1)
  const takeStep = async (step: number) => {
    const batch = {
      pixels: Float32Array.from({ length: BATCH * 28 * 28 }, (_, index) => Math.abs(Math.sin(index))),
      labels: Int32Array.from({ length: BATCH }, (_, index) => index % 10),
    }
    const { loss, correct, ...gradients } = await source.compute(weights, batch, { step, ...pass })
    weights = applyGradients(tf, network, weights, gradients, { optimizer, learningRate: 0.001 })
    // What a GPU was told to do is done when something that depends on it can be read.
    await loss.data()
    tf.dispose([loss, correct])
  }
  for (let step = 1; step <= warmUpSteps; step++) await takeStep(step)
  const begin = performance.now()
  let steps = 0
  while (steps < mostSteps && performance.now() - begin < limitMs) {
    steps++
    await takeStep(warmUpSteps + steps)
  }
  const imagesPerSecond = (steps * BATCH * 1000) / (performance.now() - begin)
  await source.close()
  optimizer.dispose()
  tf.dispose(weights)
  return Math.round(imagesPerSecond)
}
