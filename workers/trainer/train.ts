import { setImmediate } from 'node:timers/promises'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import type { TrainerEvent, TrainingSpec } from '../../src/training/contract.js'
import type { Dataset } from '../datasets/dataset.js'
import type { Engine } from '../engines/engine.js'
import { RandomStream } from '../random/random-stream.js'
import { shuffle } from '../random/shuffle.js'
import { chunk, createBatch } from './batches.js'
import { dropoutMasks } from './dropout.js'
import { evaluate } from './evaluate.js'
import { diverged } from './failure.js'
import { initializeWeights } from './initialize.js'
import { createOptimizer } from './optimizers.js'
import type { SelectedImages } from './select-images.js'
import { StepMetrics } from './step-metrics.js'
import { takeStep } from './training-step.js'

export interface TrainingTask {
  spec: TrainingSpec
  network: Network
  dataset: Dataset
  images: SelectedImages
}

export interface TrainedNetwork {
  /** The caller's to dispose. */
  weights: Tensor[]
  /** Wall time of the steps, without validation. */
  trainingSeconds: number
}

/**
 * The training loop. It lets the event loop turn after every step, so that a request to stop is heard.
 * @param emit hears `step` and `epoch` events
 * @throws Failure when the loss is no longer a number; what `signal` was aborted with when it was
 */
export async function train(
  engine: Engine,
  task: TrainingTask,
  emit: (event: TrainerEvent) => void,
  signal: AbortSignal,
): Promise<TrainedNetwork> {
  const { tf } = engine
  const { spec, network, dataset, images } = task
  const { inputShape } = dataset.description
  const optimizer = createOptimizer(tf, spec.optimizer)
  let weights = initializeWeights(tf, network, spec.seed)
  let step = 0
  let trainingSeconds = 0

  try {
    for (let epoch = 1; epoch <= spec.epochs; epoch++) {
      const metrics = new StepMetrics(tf)
      try {
        const order = shuffle(images.training.slice(), new RandomStream(spec.seed, 'shuffle', [epoch, 0]))
        for (const indices of chunk(order, spec.batchSize)) {
          step++
          const batch = createBatch(tf, dataset.training, inputShape, indices)
          const result = takeStep(tf, network, weights, batch, {
            optimizer,
            learningRate: spec.learningRate,
            dropoutMask: dropoutMasks(tf, spec.seed, step),
          })
          weights = result.weights
          metrics.add({ step, images: indices.length, loss: result.loss, correct: result.correct })
          if (metrics.isSampleDue()) emit({ type: 'step', epoch, step, ...(await metrics.readSample()) })
          await setImmediate()
          signal.throwIfAborted()
        }
        const total = await metrics.readEpoch()
        trainingSeconds += metrics.seconds
        const held = images.validation
        const validation =
          held.length > 0
            ? await evaluate(engine, network, weights, inputShape, dataset.training, held, signal)
            : undefined
        if (validation && !Number.isFinite(validation.loss)) throw diverged(`after step ${step}`)
        emit({
          type: 'epoch',
          epoch,
          step,
          ...total,
          validationLoss: validation?.loss ?? null,
          validationAccuracy: validation?.accuracy ?? null,
          seconds: metrics.seconds,
        })
      } finally {
        metrics.dispose()
      }
    }
    return { weights, trainingSeconds }
  } catch (error) {
    tf.dispose(weights)
    throw error
  } finally {
    optimizer.dispose()
  }
}
