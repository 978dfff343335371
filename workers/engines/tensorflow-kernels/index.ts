import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { registerActivationGradients } from './activation-gradients.js'
import { registerAdam } from './adam.js'
import { registerConvolutionWithBias } from './convolution-with-bias.js'
import { registerCrossEntropy } from './cross-entropy.js'
import { registerMaxPool } from './max-pool.js'
import { registerReshape } from './reshape.js'
import { registerSum } from './sum.js'

/**
 * Puts TensorFlow's own operations where tfjs 4.22 composes them of many, or takes one that is slow. To be called
 * once, after the package's kernels are registered.
 */
export function registerTensorFlowKernels(backend: TensorFlowBackend): void {
  registerActivationGradients(backend)
  registerSum(backend)
  registerReshape(backend)
  if (backend.binding.isUsingGpuDevice()) return
  // These are oneDNN's, which computes on CPUs alone, or were never tried on a GPU.
  registerMaxPool(backend)
  registerConvolutionWithBias(backend)
  registerAdam(backend)
  registerCrossEntropy(backend)
}
