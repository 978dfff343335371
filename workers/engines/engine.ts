import type * as tfjs from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import type { TrainingMemory } from '../../src/networks/training-memory.js'

export type TensorFlow = typeof tfjs

/** What an engine is to train, where that is known when it is opened. */
export interface Workload {
  network: Network
  batchSize: number
  /** Of a step with a whole batch. */
  memory: TrainingMemory
  /** Whether it is worth the second that threads take to start. */
  isLong: boolean
}

/** Every engine, in the order in which they are tried. */
export const engineNames = ['tensorflow', 'webgpu', 'wasm'] as const
export type EngineName = (typeof engineNames)[number]

/** Where the arithmetic of a run happens. A process opens one engine and keeps it. */
export interface Engine {
  name: EngineName
  /** What computes, for people: such as `CPU (WebAssembly SIMD, 2 threads)`. */
  device: string
  version: string
  /** Whether a GPU computes. */
  gpu: boolean
  /** In how many threads at once a batch is trained on, each with an engine of its own: see `Replicas`. */
  replicas: number
  /** tfjs-core, its operations bound to this engine. */
  tf: TensorFlow
}

/** The engine cannot be had on this machine; the message says why and what to do. */
export class EngineUnavailableError extends Error {
  override name = 'EngineUnavailableError'
}
