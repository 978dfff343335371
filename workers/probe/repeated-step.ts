import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import { optimizerSpec } from '../../src/training/contract.js'
import type { Engine } from '../engines/engine.js'
import { RandomStream } from '../random/random-stream.js'
import type { BatchData } from '../trainer/batches.js'
import { openGradientSource } from '../trainer/gradient-source.js'
import { initializeWeights } from '../trainer/initialize.js'
import { createOptimizer } from '../trainer/optimizers.js'
import { applyGradients, trainableWeights } from '../trainer/training-step.js'

export const LEARNING_RATE = 0.001
const adam = optimizerSpec.parse({ name: 'adam' })

export interface RepeatedStep {
  /** Starts the work of a step and gives what waits for its end. */
  take(): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** A step as the training loop takes it, on the same images again and again: for measuring. */
export function openRepeatedStep(engine: Engine, network: Network, batchSize: number): RepeatedStep {
  const { tf } = engine
  const optimizer = createOptimizer(tf, adam, network)
  const source = openGradientSource(engine, network, 1)
  const pass = { labelSmoothing: 0, trainable: trainableWeights(network) }
  let weights: Tensor[] = initializeWeights(tf, network, 1)
  let step = 0
  const drawImages = imagesOf(network, batchSize)
  return {
    async take() {
      step++
      const { loss, correct, ...gradients } = await source.compute(weights, drawImages(), { step, ...pass })
      weights = applyGradients(tf, network, weights, gradients, { optimizer, learningRate: LEARNING_RATE })
      correct.dispose()
      return async () => {
        // What a GPU was told to do is done when something that depends on it can be read.
        await loss.data()
        loss.dispose()
      }
    },
    async close() {
      await source.close()
      optimizer.dispose()
      tf.dispose(weights)
    },
  }
}

/** Gives images of random pixels, labels 0 to 9 in turn. */
export function imagesOf(network: Network, batchSize: number): () => BatchData {
  const [height = 0, width = 0, channels = 0] = network.inputShape
  const random = new RandomStream(1, 'subset')
  const pixels = Float32Array.from({ length: batchSize * height * width * channels }, () =>
    random.nextFloat(),
  )
  const labels = Int32Array.from({ length: batchSize }, (_, index) => index % 10)
  // Buffers of their own: an engine may go on reading them.
  return () => ({ pixels: pixels.slice(), labels: labels.slice() })
}
