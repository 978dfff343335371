import type { Network } from '../../src/networks/network.js'
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

/** It is the caller's to close. */
export function openGradientSource({ tf, replicas }: Engine, network: Network, seed: number): GradientSource {
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
