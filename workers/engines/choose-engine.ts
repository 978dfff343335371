import type { EngineChoice } from '../../src/training/contract.js'
import { type Engine, type EngineName, EngineUnavailableError } from './engine.js'
import { passesSmokeTest } from './smoke-test.js'
import { openTensorFlowEngine } from './tensorflow.js'
import { openWasmEngine } from './wasm.js'

/** Every engine, the fastest first. */
const openers: Record<EngineName, () => Promise<Engine>> = {
  tensorflow: openTensorFlowEngine,
  wasm: openWasmEngine,
}
export const engineNames: readonly EngineName[] = ['tensorflow', 'wasm']

/**
 * Opens the engine asked for; 'auto' is the fastest that works here.
 * @throws EngineUnavailableError with what was found instead
 */
export async function chooseEngine(choice: EngineChoice): Promise<Engine> {
  if (choice !== 'auto') return openEngine(choice)
  const reasons: string[] = []
  for (const name of engineNames) {
    try {
      return await openEngine(name)
    } catch (error) {
      if (!(error instanceof EngineUnavailableError)) throw error
      reasons.push(`${name}: ${error.message}`)
    }
  }
  throw new EngineUnavailableError(`No engine works on this machine. ${reasons.join(' ')}`)
}

/** @throws EngineUnavailableError when it is missing here or computes wrongly */
export async function openEngine(name: EngineName): Promise<Engine> {
  const engine = await openers[name]()
  // Opened before, another may have become tfjs' current one since.
  await engine.tf.setBackend(name)
  const works = await passesSmokeTest(engine).catch(() => false)
  if (works) return engine
  throw new EngineUnavailableError(
    `The engine '${name}' opens on ${engine.device} but does not compute: ` +
      'its library may not know this device. Choose another engine.',
  )
}
