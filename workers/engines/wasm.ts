import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
// For its side effect: tfjs-core's Node bundle leaves the gradients of its operations to be registered by it.
import '@tensorflow/tfjs-layers'
import { readConfig } from '../../src/config.js'
import { registerBatchNormalization } from './batch-normalization.js'
import { countReplicas } from './count-replicas.js'
import { type Engine, EngineUnavailableError, type Workload } from './engine.js'
import { batchNormalizationKernels, type SumOverParts } from './wasm-kernels/batch-normalization.js'
import { registerTrainingKernels } from './wasm-kernels/index.js'

const require = createRequire(import.meta.url)
let opened: Promise<Omit<Engine, 'device' | 'replicas'> & { simd: boolean }> | undefined

/**
 * TensorFlow.js on WebAssembly: runs wherever Node does. Node gives it one thread, so the same seed gives the
 * same bits with as many replicas.
 * @param sumOverParts for a thread that trains on a part of each batch: of batch normalisation's sums
 */
export async function openWasmEngine(workload?: Workload, sumOverParts?: SumOverParts): Promise<Engine> {
  opened ??= open(sumOverParts)
  const { simd, ...engine } = await opened
  const replicas = workload ? countReplicas(workload, readConfig().engineThreads) : 1
  const threads = `${replicas} thread${replicas === 1 ? '' : 's'}`
  return { ...engine, replicas, device: `CPU (WebAssembly${simd ? ' SIMD' : ''}, ${threads})` }
}

async function open(sumOverParts?: SumOverParts) {
  setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep)
  if (!(await tf.setBackend('wasm'))) {
    throw new EngineUnavailableError('The WebAssembly backend of TensorFlow.js could not be started.')
  }
  registerTrainingKernels()
  registerBatchNormalization('wasm', batchNormalizationKernels(sumOverParts))
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true
  const version = `tfjs-backend-wasm ${version_wasm}`
  return { name: 'wasm' as const, version, gpu: false, tf, simd }
}
