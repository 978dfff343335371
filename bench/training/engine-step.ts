import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import { optimizerSpec } from '../../src/training/contract.js'
import type { Engine } from '../../workers/engines/engine.js'
import { RandomStream } from '../../workers/random/random-stream.js'
import type { BatchData } from '../../workers/trainer/batches.js'
import { openGradientSource } from '../../workers/trainer/gradient-source.js'
import { initializeWeights } from '../../workers/trainer/initialize.js'
import { createOptimizer } from '../../workers/trainer/optimizers.js'
import { applyGradients, trainableWeights } from '../../workers/trainer/training-step.js'

export const LEARNING_RATE = 0.001

/** Starts the work of a step and gives what waits for its end. */
export type Step = () => Promise<() => Promise<void>>

/** A step as the training loop takes it. */
export function engineStep(engine: Engine, network: Network, batch: number): Step {
  const { tf } = engine
  const optimizer = createOptimizer(tf, optimizerSpec.parse({ name: 'adam' }), network)
  const source = openGradientSource(engine, network, 1)
  const pass = { labelSmoothing: 0, trainable: trainableWeights(network) }
  let weights: Tensor[] = initializeWeights(tf, network, 1)
  let step = 0
  const drawImages = imagesOf(network, batch)
  return async () => {
    step++
    const { loss, correct, ...gradients } = await source.compute(weights, drawImages(), { step, ...pass })
    weights = applyGradients(tf, network, weights, gradients, { optimizer, learningRate: LEARNING_RATE })
    correct.dispose()
    return async () => {
      await loss.data()
      loss.dispose()
    }
  }
}

/** Gives images of random pixels, labels 0 to 9 in turn. */
export function imagesOf(network: Network, batch: number): () => BatchData {
  const [height = 0, width = 0, channels = 0] = network.inputShape
  const random = new RandomStream(1, 'subset')
  const pixels = Float32Array.from({ length: batch * height * width * channels }, () => random.nextFloat())
  const labels = Int32Array.from({ length: batch }, (_, index) => index % 10)
  // Buffers of their own: an engine may go on reading them.
  return () => ({ pixels: pixels.slice(), labels: labels.slice() })
}
