import { z } from 'zod'
import { engineChoice } from '../spec/training-spec.js'

/** What can be asked for by name. */
export const engineRequest = engineChoice.exclude(['auto'])
export type EngineRequest = z.output<typeof engineRequest>

/** An engine that was tried in a process of its own and trains. */
export const workingEngine = z.strictObject({
  engine: engineRequest,
  /** What computes, for people. */
  device: z.string(),
  version: z.string(),
  /** Whether a GPU computes. */
  gpu: z.boolean(),
  /** Of a quick measurement: training steps of `simple-cnn`, 128 images each. */
  imagesPerSecond: z.number(),
  /** What networks with wide 1x1 convolutions need in the environment here; mostly nothing. */
  workaround: z.record(z.string(), z.string()),
  /** For whoever runs this machine. */
  warnings: z.array(z.string()),
})
export type WorkingEngine = z.output<typeof workingEngine>

export const refusedEngine = z.strictObject({ engine: engineRequest, reason: z.string() })
export type RefusedEngine = z.output<typeof refusedEngine>

/** What came of trying an engine on a machine. */
export const triedEngine = z.union([workingEngine, refusedEngine])
export type TriedEngine = z.output<typeof triedEngine>

export function works(tried: TriedEngine): tried is WorkingEngine {
  return 'device' in tried
}

/** As 'auto' prefers them: a GPU by CUDA, any other GPU, TensorFlow on the CPU, WebAssembly, a GPU in software. */
export function preference({ engine, gpu }: Pick<WorkingEngine, 'engine' | 'gpu'>): number {
  if (engine === 'webgpu') return gpu ? 1 : 4
  if (engine === 'wasm') return 3
  return gpu ? 0 : 2
}

/** Whether an engine, on the best that it could find, would be preferred to one that was found. */
export function couldBeat(engine: EngineRequest, found: Pick<WorkingEngine, 'engine' | 'gpu'>): boolean {
  return preference({ engine, gpu: engine !== 'wasm' }) < preference(found)
}
