import { createCast } from './cast.js'
import { createConv2DBackpropFilter } from './conv2d-backprop-filter.js'
import { createConv2DBackpropInput } from './conv2d-backprop-input.js'
import { createDepthwiseBackpropFilter } from './depthwise-backprop-filter.js'
import { createDepthwiseBackpropInput } from './depthwise-backprop-input.js'
import { Heap, replaceKernel, requireInput } from './heap.js'
import { registerMatMulGradient } from './matmul-gradient.js'
import { avgPoolGrad, maxPoolGrad } from './pool-gradients.js'
import { createSum } from './sum.js'
import { createTanh } from './tanh.js'
import { createTranspose } from './transpose.js'

/**
 * Makes tfjs-backend-wasm 4.22 train: what it lacks is composed of its own fast operations, what it does wrong
 * or slowly is replaced. To be called once, with the backend ready: upstream's kernels need its setup.
 */
export function registerTrainingKernels(): void {
  replaceKernel('Conv2DBackpropFilter', createConv2DBackpropFilter())
  replaceKernel('Conv2DBackpropInput', createConv2DBackpropInput())
  replaceKernel('DepthwiseConv2dNativeBackpropInput', createDepthwiseBackpropInput())
  replaceKernel('DepthwiseConv2dNativeBackpropFilter', createDepthwiseBackpropFilter())
  replaceKernel('MaxPoolGrad', maxPoolGrad)
  replaceKernel('AvgPoolGrad', avgPoolGrad)
  replaceKernel('Sum', createSum())
  replaceKernel('Cast', createCast())
  replaceKernel('Tanh', createTanh())
  replaceKernel('Transpose', createTranspose())
  // Every tensor that a gradient will need is saved by Identity, which upstream makes a copy.
  replaceKernel('Identity', params => new Heap(params).share(requireInput(params, 'x')))
  registerMatMulGradient()
}
