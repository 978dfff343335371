import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs-core'
// For its side effect: tfjs-core's Node bundle leaves the gradients of its operations to be registered by it.
import '@tensorflow/tfjs-layers'
import { readConfig } from '../../src/config.js'
import { registerBatchNormalization } from './batch-normalization.js'
import { type Engine, EngineUnavailableError } from './engine.js'
import { createAvgPoolGrad, createMaxPoolGrad } from './webgpu-kernels/pool-gradients.js'

const require = createRequire(import.meta.url)
let opened: Promise<Engine> | undefined

/**
 * TensorFlow.js on WebGPU, by Dawn: any vendor's GPU, through Vulkan, Metal or Direct3D 12. An adapter that
 * computes in software is refused unless LYCEUM_WEBGPU_FALLBACK allows it. Sums are split among threads as the
 * GPU has it: the same seed gives close numbers, not the same bits.
 * @throws EngineUnavailableError where there is no package or no GPU
 */
export function openWebGpuEngine(): Promise<Engine> {
  opened ??= open()
  return opened
}

async function open(): Promise<Engine> {
  const { dawn, webgpu, version } = await loadPackages()
  const gpu = dawn.create([])
  actLikeABrowser(gpu, dawn.globals)
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) {
    throw new EngineUnavailableError(
      "WebGPU finds no GPU on this machine: its driver is missing or too old, or on Linux Vulkan's loader " +
        '(the Debian package libvulkan1).',
    )
  }
  const { info } = adapter
  if (info.isFallbackAdapter && !readConfig().webgpuFallback) {
    throw new EngineUnavailableError(
      `WebGPU finds no GPU on this machine, only ${describe(info)}, which computes on the CPU, slowly. ` +
        'LYCEUM_WEBGPU_FALLBACK=true takes it all the same.',
    )
  }
  const backend = new webgpu.WebGPUBackend(await openDevice(adapter), info)
  tf.registerBackend('webgpu', () => backend)
  if (!(await tf.setBackend('webgpu'))) {
    throw new EngineUnavailableError('The WebGPU backend of TensorFlow.js could not be started.')
  }
  replaceKernel('MaxPoolGrad', createMaxPoolGrad(backend, webgpu.webgpu_util))
  replaceKernel('AvgPoolGrad', createAvgPoolGrad(backend, webgpu.webgpu_util))
  registerBatchNormalization('webgpu')
  return {
    name: 'webgpu',
    device: info.isFallbackAdapter ? `CPU (${describe(info)})` : `GPU (${describe(info)})`,
    version,
    gpu: !info.isFallbackAdapter,
    replicas: 1,
    tf,
  }
}

/** Puts a kernel in place of upstream's that is wrong. */
function replaceKernel(kernelName: string, kernelFunc: tf.KernelFunc): void {
  tf.unregisterKernel(kernelName, 'webgpu')
  tf.registerKernel({ kernelName, backendName: 'webgpu', kernelFunc })
}

/** Both packages are optional: npm leaves them out where they cannot be had. */
async function loadPackages() {
  try {
    const dawn = await import('webgpu')
    const webgpu = await import('@tensorflow/tfjs-backend-webgpu')
    const versionOf = (name: string): string => require(`${name}/package.json`).version
    const backend = '@tensorflow/tfjs-backend-webgpu'
    return { dawn, webgpu, version: `tfjs-backend-webgpu ${versionOf(backend)}, Dawn ${versionOf('webgpu')}` }
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new EngineUnavailableError(
      `Dawn does not load on this machine (${reason}). It is the optional package 'webgpu': \`npm install\` brings it.`,
    )
  }
}

/** The backend looks for `navigator.gpu`, and for the constants beside it; Node has a navigator since 21. */
function actLikeABrowser(gpu: GPU, constants: object): void {
  Object.assign(globalThis, constants)
  if (!('navigator' in globalThis)) Object.defineProperty(globalThis, 'navigator', { value: {} })
  Object.defineProperty(Reflect.get(globalThis, 'navigator'), 'gpu', { value: gpu, configurable: true })
}

/** With all that the adapter has: by default a device promises the least that any GPU can do. */
async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { limits } = adapter
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  })
  // WebGPU reports an error beside the operation that had it, which then gives zeros: a run must not go on with them.
  device.addEventListener('uncapturederror', ({ error }) => end(`WebGPU: ${error.message}`))
  device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') end(`WebGPU lost its device: ${message}`)
  })
  return device
}

/** Ends the process: what it computes from here on is worthless. */
function end(message: string): void {
  process.nextTick(() => {
    throw new Error(message)
  })
}

function describe({ description, device, vendor, architecture }: GPUAdapterInfo): string {
  return device || description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed'
}
