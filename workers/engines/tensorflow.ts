import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
// For its side effect: tfjs-core's Node bundle leaves the gradients of its operations to be registered by it.
import '@tensorflow/tfjs-layers'
import { readConfig } from '../../src/config.js'
import { registerBatchNormalization } from './batch-normalization.js'
import { type Engine, EngineUnavailableError } from './engine.js'
import { loadTensorFlowBinding } from './tensorflow-binding.js'
import { fusedBatchNormalization } from './tensorflow-kernels/batch-normalization.js'
import { registerTensorFlowKernels } from './tensorflow-kernels/index.js'

let opened: Promise<Engine> | undefined

/**
 * TensorFlow itself, through its Node addon: on an NVIDIA GPU where TensorFlow lists one, else on the CPU, as
 * `gpu` and `device` say. Its environment is set by whoever starts the process: see `engineEnvironment`.
 * @throws EngineUnavailableError where there is no binding
 */
export function openTensorFlowEngine(): Promise<Engine> {
  opened ??= open()
  return opened
}

async function open(): Promise<Engine> {
  const { tensorflowDirectory, engineThreads } = readConfig()
  const { backend, addonVersion } = loadTensorFlowBinding(tensorflowDirectory)
  tf.registerBackend('tensorflow', () => backend)
  if (!(await tf.setBackend('tensorflow'))) {
    throw new EngineUnavailableError('The TensorFlow backend could not be started.')
  }
  const gpu = backend.binding.isUsingGpuDevice()
  registerTensorFlowKernels(backend)
  registerBatchNormalization('tensorflow', gpu ? {} : fusedBatchNormalization(backend))
  return {
    name: 'tensorflow',
    device: gpu ? `GPU (${findGpuName() ?? 'NVIDIA'})` : describeCpu(engineThreads),
    version: `TensorFlow ${backend.binding.TF_Version}, tfjs-node-gpu ${addonVersion}`,
    gpu,
    // Its operations have threads of their own.
    replicas: 1,
    tf,
  }
}

function describeCpu(threads: number): string {
  return `CPU (${cpus()[0]?.model.trim() ?? 'unknown'}, ${threads} thread${threads === 1 ? '' : 's'})`
}

/** The name that NVIDIA's Linux driver gives the first GPU. */
function findGpuName(): string | undefined {
  const folder = '/proc/driver/nvidia/gpus'
  try {
    const [first] = readdirSync(folder)
    if (first === undefined) return undefined
    return /^Model:\s*(.+)$/m.exec(readFileSync(join(folder, first, 'information'), 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
