import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { EngineUnavailableError } from './engine.js'

const require = createRequire(import.meta.url)
const packageName = '@tensorflow/tfjs-node-gpu'
// Node-API 8 is the newest that the addon is built for, and every Node that Lyceum runs on has it.
const addonFile = 'lib/napi-v8/tfjs_binding.node'

/** The native addon: TensorFlow's C API, as far as tfjs uses it. */
export interface Addon {
  readonly TF_Version: string
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  readonly TF_ATTR_TYPE: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_SHAPE: number
  readonly TF_ATTR_STRING: number
  readonly TF_ATTR_BOOL: number
  isUsingGpuDevice(): boolean
}

export interface OpAttribute {
  name: string
  type: number
  value: number | number[] | string | boolean
}

/** The addon as a backend of tfjs, which runs any of TensorFlow's operations by its name. */
export interface TensorFlowBackend extends KernelBackend {
  readonly binding: Addon
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: TensorInfo[]): Tensor
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[]
}

export interface TensorFlowBinding {
  backend: TensorFlowBackend
  /** Of tfjs-node-gpu. */
  addonVersion: string
}

/**
 * Loads the binding that `npm run engine:tensorflow` built in `directory`, or the optional package's own.
 * Registers its kernels with tfjs; the backend itself is the caller's to register.
 * @throws EngineUnavailableError where neither is there or loads
 */
export function loadTensorFlowBinding(directory: string): TensorFlowBinding {
  restoreRemovedFunctions()
  const failures: string[] = []
  for (const folder of [join(directory, 'package'), findOptionalPackage()]) {
    if (!folder || !existsSync(join(folder, addonFile))) continue
    try {
      return load(folder)
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
      failures.push(`The binding in ${folder} does not load (${reason}).`)
    }
  }
  const found = failures.join(' ') || `There is no TensorFlow binding (${packageName}) on this machine.`
  throw new EngineUnavailableError(`${found} \`npm run engine:tensorflow\` builds one.`)
}

function load(folder: string): TensorFlowBinding {
  const addon: Addon = require(join(folder, addonFile))
  const manifest: { name: string; version: string } = require(join(folder, 'package.json'))
  const {
    NodeJSKernelBackend: Backend,
  }: { NodeJSKernelBackend: new (addon: Addon, packageName: string) => TensorFlowBackend } = require(
    join(folder, 'dist/nodejs_kernel_backend.js'),
  )
  require(join(folder, 'dist/register_all_kernels.js'))
  return { backend: new Backend(addon, manifest.name), addonVersion: manifest.version }
}

function findOptionalPackage(): string | undefined {
  try {
    return dirname(require.resolve(`${packageName}/package.json`))
  } catch {
    return undefined
  }
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
