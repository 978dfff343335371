import type { Tensor } from '@tensorflow/tfjs-core'
import { simpleCnn } from '../../src/networks/architectures/simple-cnn.js'
import { estimateMemory, optimizerSpec } from '../../src/training/contract.js'
import type { Engine, Workload } from '../engines/engine.js'
import { openGradientSource } from '../trainer/gradient-source.js'
import { initializeWeights } from '../trainer/initialize.js'
import { createOptimizer } from '../trainer/optimizers.js'
import { applyGradients, trainableWeights } from '../trainer/training-step.js'

const BATCH = 128
const warmUpSteps = 2
const mostSteps = 20
const limitMs = 700

const network = simpleCnn.build()
const optimizerOfSteps = optimizerSpec.parse({ name: 'adam' })

export const measuredWorkload: Workload = {
  network,
  batchSize: BATCH,
  memory: estimateMemory(network, { batchSize: BATCH, optimizer: optimizerOfSteps }),
  isLong: true,
}

/**
 * Images a second of a few training steps of `simple-cnn`. Enough to tell one engine from another; for figures
 * to publish there is the benchmark.
 */
export async function measureTraining(engine: Engine): Promise<number> {
  const { tf } = engine
  const optimizer = createOptimizer(tf, optimizerOfSteps, network)
  const source = openGradientSource(engine, network, 1)
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
