import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { registerAdam } from './adam.js'
import { registerMaxPoolGrad } from './max-pool-gradient.js'
import { registerReluGrad } from './relu-gradient.js'

/**
 * Puts TensorFlow's own operations where tfjs 4.22 composes them of many, or takes one that is slow. To be called
 * once, after the package's kernels are registered.
 */
export function registerTensorFlowKernels(backend: TensorFlowBackend): void {
  registerReluGrad(backend)
  if (backend.binding.isUsingGpuDevice()) return
  // The faster operation is oneDNN's, which computes on CPUs alone.
  registerMaxPoolGrad(backend)
  registerAdam(backend)
}
