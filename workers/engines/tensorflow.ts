import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { type Engine, EngineUnavailableError } from './engine.js'

const require = createRequire(import.meta.url)
const packageName = '@tensorflow/tfjs-node-gpu'
let opened: Promise<Engine> | undefined

/**
 * TensorFlow itself, through its Node addon: on an NVIDIA GPU where the addon finds one, else on the CPU, which
 * `device` says honestly: the addon itself falls back with no more than a line in its log.
 * @throws EngineUnavailableError where the optional package or its native library is missing
 */
export function openTensorFlowEngine(): Promise<Engine> {
  opened ??= open()
  return opened
}

async function open(): Promise<Engine> {
  prepareEnvironment()
  restoreRemovedFunctions()
  try {
    require(packageName)
  } catch (error) {
    throw new EngineUnavailableError(explainMissing(error))
  }
  if (!(await tf.setBackend('tensorflow'))) {
    throw new EngineUnavailableError(`The backend of ${packageName} could not be started.`)
  }
  return { name: 'tensorflow', device: describeDevice(), version: describeVersion(), tf }
}

/** For the native library alone, which reads the environment when it is loaded and takes no other options. */
function prepareEnvironment(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1'
  // Without it the first process takes the whole GPU's memory, and a second run finds none.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'
}

/** The addon's JavaScript calls functions that Node 23 removed (tensorflow/tfjs#8609). */
function restoreRemovedFunctions(): void {
  const util: object = require('node:util')
  const removed = {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  }
  for (const [name, value] of Object.entries(removed)) {
    if (!(name in util)) Object.defineProperty(util, name, { value })
  }
}

function explainMissing(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'MODULE_NOT_FOUND') {
    return (
      `The optional package ${packageName} is not installed: its download of the TensorFlow library failed or ` +
      'was skipped. Install it where its download host answers, or build its addon against a TensorFlow library.'
    )
  }
  const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
  return `The native addon of ${packageName} does not load (${reason}).`
}

function describeDevice(): string {
  const backend: object = tf.backend()
  const onGpu = 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true
  if (onGpu) return `GPU (${findGpuName() ?? 'NVIDIA'})`
  const [cpu] = cpus()
  return `CPU (${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} threads)`
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

function describeVersion(): string {
  const manifest: { version: string } = require(`${packageName}/package.json`)
  return `tfjs-node-gpu ${manifest.version}`
}
