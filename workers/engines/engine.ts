import type * as tfjs from '@tensorflow/tfjs-core'
import type { EngineChoice } from '../../src/training/contract.js'

export type TensorFlow = typeof tfjs

/** Every engine, the fastest first. */
export const engineNames = ['tensorflow', 'wasm'] as const
export type EngineName = (typeof engineNames)[number]

/** What can be asked for by name. */
export type EngineRequest = Exclude<EngineChoice, 'auto'>

/** Where the arithmetic of a run happens. A process opens one engine and keeps it. */
export interface Engine {
  name: EngineName
  /** What computes, for people: such as `CPU (WebAssembly SIMD, 1 thread)`. */
  device: string
  version: string
  /** Whether a GPU computes. */
  gpu: boolean
  /** tfjs-core, its operations bound to this engine. */
  tf: TensorFlow
}

/** The engine cannot be had on this machine; the message says why and what to do. */
export class EngineUnavailableError extends Error {
  override name = 'EngineUnavailableError'
}
