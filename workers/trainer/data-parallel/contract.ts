import type { Network } from '../../../src/networks/network.js'
import type { BatchData } from '../batches.js'
import type { AllReduceMemory } from './all-reduce.js'

/** What a replica is started with. */
export interface ReplicaSetup {
  readonly rank: number
  readonly network: Network
  readonly seed: number
  readonly reduction: AllReduceMemory
  /** The weights, which the training thread writes before each step. */
  readonly weights: SharedArrayBuffer
  /** Where this replica puts the gradients, and what batch normalisation saw in the places of its statistics. */
  readonly gradients: SharedArrayBuffer
}

/** One step's part of a batch. */
export interface ShardJob extends BatchData {
  /** How many images of the batch come before. */
  readonly first: number
  readonly batchSize: number
  /** How many replicas take part. */
  readonly participants: number
  readonly step: number
  readonly labelSmoothing: number
  readonly trainable: readonly boolean[]
}

export interface ShardResult {
  /** Its part of the batch's mean. */
  readonly loss: number
  readonly correct: number
  /** The weights whose places hold what batch normalisation saw. */
  readonly statistics: readonly number[]
}
