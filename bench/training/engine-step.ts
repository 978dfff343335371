import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import { optimizerSpec } from '../../src/training/contract.js'
import type { TensorFlow } from '../../workers/engines/engine.js'
import { RandomStream } from '../../workers/random/random-stream.js'
import { initializeWeights } from '../../workers/trainer/initialize.js'
import { createOptimizer } from '../../workers/trainer/optimizers.js'
import { takeStep } from '../../workers/trainer/training-step.js'

export const LEARNING_RATE = 0.001

/** Starts the work of a step and gives what waits for its end. */
export type Step = () => Promise<() => Promise<void>>

/** A step as the training loop takes it. */
export function engineStep(tf: TensorFlow, network: Network, batch: number): Step {
  const optimizer = createOptimizer(tf, optimizerSpec.parse({ name: 'adam' }), network)
  let weights: Tensor[] = initializeWeights(tf, network, 1)
  const drawImages = imagesOf(tf, network, batch)
  return async () => {
    const { loss, correct, ...next } = takeStep(tf, network, weights, drawImages(), {
      optimizer,
      learningRate: LEARNING_RATE,
    })
    correct.dispose()
    weights = next.weights
    return async () => {
      await loss.data()
      loss.dispose()
    }
  }
}

/** Gives images `[batch, height, width, channels]` of random pixels, labels 0 to 9 in turn. */
export function imagesOf(
  tf: TensorFlow,
  network: Network,
  batch: number,
): () => { images: Tensor4D; labels: Tensor1D } {
  const [height = 0, width = 0, channels = 0] = network.inputShape
  const random = new RandomStream(1, 'subset')
  const pixels = Float32Array.from({ length: batch * height * width * channels }, () => random.nextFloat())
  const labels = Int32Array.from({ length: batch }, (_, index) => index % 10)
  return () => ({
    // Buffers of its own: an engine may go on reading them.
    images: tf.tensor4d(pixels.slice(), [batch, height, width, channels]),
    labels: tf.tensor1d(labels.slice(), 'int32'),
  })
}
