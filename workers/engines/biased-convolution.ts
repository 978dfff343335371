import type { NamedTensorMap, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import * as tfjs from '@tensorflow/tfjs-core'
import type { TensorFlow } from './engine.js'

interface Window {
  strides: [number, number]
  pad: 'valid' | 'same'
}

/**
 * A convolution with its bias in one pass over the output. Every backend has it as a kernel, which tfjs does not
 * differentiate: its `fused.conv2d` asks for the gradient of the images too, also where nobody does.
 * @param x `[batch, height, width, channels]`
 * @param filter `[height, width, channels, filters]`
 * @param bias `[filters]`
 */
export function convolveWithBias(
  tf: TensorFlow,
  { x, filter, bias }: { x: Tensor4D; filter: Tensor4D; bias: Tensor1D },
  { strides, pad }: Window,
): Tensor4D {
  registerGradient()
  const inputs: NamedTensorMap = { x, filter, bias }
  const layout = { dataFormat: 'NHWC', dilations: [1, 1], activation: 'linear' }
  return tf.engine().runKernel(tfjs.FusedConv2D, inputs, { strides, pad, ...layout })
}

/** Once, for all backends: that of a convolution, and the sum of what comes back for the bias. */
function registerGradient(): void {
  if (tfjs.getGradient(tfjs.FusedConv2D)) return
  const convolution = tfjs.getGradient(tfjs.Conv2D)
  if (!convolution) throw new Error('this version of tfjs-core has no gradient of Conv2D')
  tfjs.registerGradient({
    kernelName: tfjs.FusedConv2D,
    inputsToSave: ['x', 'filter'],
    gradFunc(dy, saved, attrs) {
      const [upstream] = Array.isArray(dy) ? dy : [dy]
      if (!upstream) throw new Error('a gradient is missing')
      return { ...convolution.gradFunc(upstream, saved, attrs), bias: () => sumOfPlaces(upstream) }
    },
  })
}

function sumOfPlaces(dy: Tensor): Tensor {
  return tfjs.sum(dy, [0, 1, 2])
}
