import type { Network } from '../../src/networks/network.js'
import type { TrainingSpec } from '../../src/training/contract.js'
import type { Engine } from '../engines/engine.js'
import { type BatchData, toTensors } from './batches.js'
import { Replicas } from './data-parallel/replicas.js'
import { dropoutMasks } from './dropout.js'
import type { Weights } from './forward.js'
import { computeGradients, type StepGradients } from './training-step.js'

/** What the gradients of a step depend on besides weights and batch. */
export interface StepPass {
  /** Counted from 1: dropout's masks follow from it. */
  readonly step: number
  readonly labelSmoothing: number
  /** Of each weight. */
  readonly trainable: readonly boolean[]
}

/** Where a training loop has its gradients from. */
export interface GradientSource {
  /** See `computeGradients`; the weights stay the caller's. */
  compute(weights: Weights, batch: BatchData, pass: StepPass): Promise<StepGradients>
  close(): Promise<void>
}

/**
 * Multiply-adds of a run's forward passes below which its threads would take longer to start than they save: a second
 * or two of training on one.
 */
const LEAST_MULTIPLY_ADDS = 5e9

/** How many threads of an engine's a run is worth. The same run has the same answer wherever it goes on. */
export function countReplicas(
  { threads }: Pick<Engine, 'threads'>,
  { multiplyAdds }: Pick<Network, 'multiplyAdds'>,
  { epochs }: Pick<TrainingSpec, 'epochs'>,
  imagesPerEpoch: number,
): number {
  return multiplyAdds * imagesPerEpoch * epochs < LEAST_MULTIPLY_ADDS ? 1 : threads
}

/** @param replicas more than 1 for an engine with as many threads; it is the caller's to close */
export function openGradientSource(
  { tf }: Engine,
  network: Network,
  seed: number,
  replicas: number,
): GradientSource {
  if (replicas > 1) return new Replicas(tf, network, seed, replicas)
  return {
    async compute(weights, data, { step, ...pass }) {
      const batch = toTensors(tf, network.inputShape, data)
      const dropoutMask = dropoutMasks(tf, seed, step)
      const gradients = computeGradients(tf, network, weights, batch, { dropoutMask, ...pass })
      tf.dispose([batch.images, batch.labels])
      return gradients
    },
    async close() {},
  }
}
