import type {
  GradConfig,
  KernelFunc,
  NamedTensorMap,
  Tensor,
  Tensor1D,
  TensorInfo,
} from '@tensorflow/tfjs-core'
import * as tfjs from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { TensorFlow } from './engine.js'

/**
 * Batch normalisation by the statistics of the batch, which tfjs has only as a chain of a dozen operations. It is
 * a kernel here, with one for its gradient, so that an engine which has it whole can put its own in place.
 * Source: S. Ioffe and C. Szegedy, “Batch normalization: accelerating deep network training by reducing internal
 * covariate shift”, ICML 2015, algorithm 1 and the derivatives that follow it.
 */
export const BATCH_NORM_TRAINING = 'LyceumBatchNormTraining'
export const BATCH_NORM_TRAINING_GRAD = 'LyceumBatchNormTrainingGrad'

const attributes = z.object({ epsilon: z.number() })

export interface NormalizedBatch {
  /** Of x's shape: over the batch each channel has mean `beta` and deviation `gamma`. */
  y: Tensor
  /** `[channels]` */
  mean: Tensor1D
  /** `[channels]`, divided by the count, not by one less */
  variance: Tensor1D
}

/** @param x its last axis is the channels, `gamma` and `beta` are `[channels]` */
export function batchNormalize(
  tf: TensorFlow,
  x: Tensor,
  gamma: Tensor1D,
  beta: Tensor1D,
  epsilon: number,
): NormalizedBatch {
  const inputs: NamedTensorMap = { x, gamma, beta }
  const result = tf.engine().runKernel(BATCH_NORM_TRAINING, inputs, { epsilon })
  const [y, mean, variance] = Array.isArray(result) ? result : []
  if (!y || !mean || !variance) throw new Error(`${BATCH_NORM_TRAINING} gives three tensors`)
  return {
    y: tensorOf(y),
    mean: tf.reshape(tensorOf(mean), [-1]),
    variance: tf.reshape(tensorOf(variance), [-1]),
  }
}

/**
 * Lets a backend train with batch normalisation.
 * @param kernels its own ones, by name; what is missing is composed of its other operations
 */
export function registerBatchNormalization(
  backendName: string,
  kernels: Record<string, KernelFunc> = {},
): void {
  for (const [kernelName, kernelFunc] of Object.entries({ ...composed, ...kernels })) {
    tfjs.registerKernel({ kernelName, backendName, kernelFunc })
  }
  // Gradients are registered once, for all backends.
  if (!tfjs.getGradient(BATCH_NORM_TRAINING)) tfjs.registerGradient(gradient)
}

const gradient: GradConfig = {
  kernelName: BATCH_NORM_TRAINING,
  inputsToSave: ['x', 'gamma'],
  outputsToSave: [false, true, true],
  gradFunc(dy, [x, gamma, mean, variance], attrs) {
    const [upstream] = Array.isArray(dy) ? dy : [dy]
    if (!upstream || !x || !gamma || !mean || !variance) throw new Error('something was not saved')
    const inputs: NamedTensorMap = { dy: upstream, x, gamma, mean, variance }
    // At once, not when the first is asked for: what is made there is gone when the second is.
    const result = tfjs.engine().runKernel(BATCH_NORM_TRAINING_GRAD, inputs, attributes.parse(attrs))
    const [dx, dGamma, dBeta] = Array.isArray(result) ? result.map(tensorOf) : []
    if (!dx || !dGamma || !dBeta) throw new Error(`${BATCH_NORM_TRAINING_GRAD} gives three tensors`)
    return { x: () => dx, gamma: () => dGamma, beta: () => dBeta }
  },
}

const composed: Record<string, KernelFunc> = {
  [BATCH_NORM_TRAINING]: ({ inputs, attrs }) => {
    const { epsilon } = attributes.parse(attrs)
    const [x, gamma, beta] = ['x', 'gamma', 'beta'].map(name => tensorOf(inputs[name]))
    if (!x || !gamma || !beta) throw new Error('an input is missing')
    return tfjs.tidy(() => {
      const mean = channelMean(x)
      const variance = channelMean(tfjs.square(tfjs.sub(x, mean)))
      const scale = tfjs.mul(gamma, tfjs.rsqrt(tfjs.add(variance, epsilon)))
      const y = tfjs.add(tfjs.mul(x, scale), tfjs.sub(beta, tfjs.mul(mean, scale)))
      return [y, mean, variance]
    })
  },
  [BATCH_NORM_TRAINING_GRAD]: ({ inputs, attrs }) => {
    const { epsilon } = attributes.parse(attrs)
    const [dy, x, gamma, mean, variance] = ['dy', 'x', 'gamma', 'mean', 'variance'].map(name =>
      tensorOf(inputs[name]),
    )
    if (!dy || !x || !gamma || !mean || !variance) throw new Error('an input is missing')
    return tfjs.tidy(() => {
      const inverseDeviation = tfjs.rsqrt(tfjs.add(variance, epsilon))
      const normalized = tfjs.mul(tfjs.sub(x, mean), inverseDeviation)
      const meanBeta = channelMean(dy)
      const meanGamma = channelMean(tfjs.mul(dy, normalized))
      const inner = tfjs.sub(tfjs.sub(dy, meanBeta), tfjs.mul(normalized, meanGamma))
      const count = x.size / gamma.size
      return [
        tfjs.mul(inner, tfjs.mul(gamma, inverseDeviation)),
        tfjs.mul(meanGamma, count),
        tfjs.mul(meanBeta, count),
      ]
    })
  },
}

function channelMean(x: Tensor): Tensor {
  const channels = x.shape.at(-1) ?? 1
  return tfjs.mean(tfjs.reshape(x, [-1, channels]), 0)
}

function tensorOf(info: TensorInfo | undefined): Tensor {
  if (info instanceof tfjs.Tensor) return info
  throw new Error('a tensor was expected')
}
