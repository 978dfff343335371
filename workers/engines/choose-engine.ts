import { couldBeat, type EngineChoice, type EngineRequest, preference } from '../../src/training/contract.js'
import { type Engine, type EngineName, EngineUnavailableError, engineNames, type Workload } from './engine.js'
import { trainsRightly } from './smoke-test.js'
import { openTensorFlowEngine } from './tensorflow.js'
import { openWasmEngine } from './wasm.js'
import { openWebGpuEngine } from './webgpu.js'

export { engineNames }

const openers: Record<EngineName, (workload?: Workload) => Promise<Engine>> = {
  tensorflow: openTensorFlowEngine,
  webgpu: openWebGpuEngine,
  wasm: openWasmEngine,
}

/**
 * Opens the engine asked for; 'auto' is the one preferred among those that work here.
 * @throws EngineUnavailableError with what was found instead
 */
export async function chooseEngine(choice: EngineChoice, workload?: Workload): Promise<Engine> {
  if (choice !== 'auto') return openEngine(choice, workload)
  const reasons: string[] = []
  let best: Engine | undefined
  for (const name of engineNames) {
    if (best && !couldBeat(name, asFound(best))) continue
    try {
      const engine = await openEngine(name, workload)
      if (!best || preference(asFound(engine)) < preference(asFound(best))) best = engine
    } catch (error) {
      if (!(error instanceof EngineUnavailableError)) throw error
      reasons.push(`${name}: ${error.message}`)
    }
  }
  if (!best) throw new EngineUnavailableError(`No engine works on this machine. ${reasons.join(' ')}`)
  await best.tf.setBackend(best.name)
  return best
}

function asFound({ name, gpu }: Engine) {
  return { engine: name, gpu }
}

/** As `chooseEngine`. @throws EngineUnavailableError when it is missing here or computes wrongly */
export async function openEngine(request: EngineRequest, workload?: Workload): Promise<Engine> {
  const name = request === 'tensorflow-gpu' ? 'tensorflow' : request
  const engine = await openers[name](workload)
  if (request === 'tensorflow-gpu' && !engine.gpu) {
    throw new EngineUnavailableError(
      `TensorFlow finds no GPU on this machine, only the ${engine.device}: the NVIDIA driver, or CUDA's ` +
        'libraries in the version that it was built for, are missing. `npm run engine:tensorflow` says more.',
    )
  }
  // Opened before, another may have become tfjs' current one since.
  await engine.tf.setBackend(name)
  // A GPU newer than the library's kernels opens without complaint and fails at its first operation
  // (tensorflow/tensorflow#99592).
  const failure = await trainsRightly(engine).then(
    right => (right ? undefined : 'its results are wrong'),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  if (failure === undefined) return engine
  throw new EngineUnavailableError(
    `The engine '${request}' opens on ${engine.device} but does not train: ${failure}. ` +
      'Its library may not know this device. Choose another engine.',
  )
}
