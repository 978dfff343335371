import type * as tfjs from '@tensorflow/tfjs-core'

export type TensorFlow = typeof tfjs

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
  /** In how many threads a batch may be trained on at once, each with an engine of its own. */
  threads: number
  /** tfjs-core, its operations bound to this engine. */
  tf: TensorFlow
}

/** The engine cannot be had on this machine; the message says why and what to do. */
export class EngineUnavailableError extends Error {
  override name = 'EngineUnavailableError'
}
