import type { ActivationName, Initializer, LayerSpec, Margins, Padding, Pair, Shape } from './network.js'

/** Keras' defaults, each of which an option may change. */
interface KernelOptions {
  activation?: ActivationName
  useBias?: boolean
  kernelInitializer?: Initializer
  biasInitializer?: Initializer
  trainable?: boolean
}

interface WindowOptions {
  strides?: number | Pair
  padding?: Padding
}

/** A convolution, of stride 1 and without padding unless told otherwise. */
export function conv2d(
  filters: number,
  kernelSize: number | Pair,
  options: WindowOptions & KernelOptions = {},
): LayerSpec {
  return {
    type: 'conv2d',
    filters,
    kernelSize: pair(kernelSize),
    ...windowOf(options, 1),
    ...kernelOf(options),
  }
}

/** A convolution that gives each channel filters of its own, and adds nothing over channels. */
export function depthwiseConv2d(
  kernelSize: number | Pair,
  options: WindowOptions & KernelOptions & { depthMultiplier?: number } = {},
): LayerSpec {
  const { depthMultiplier = 1 } = options
  return {
    type: 'depthwiseConv2d',
    depthMultiplier,
    kernelSize: pair(kernelSize),
    ...windowOf(options, 1),
    ...kernelOf(options),
  }
}

/** Keeps the largest value of each window. Windows touch without overlapping unless told otherwise. */
export function maxPool2d(poolSize: number | Pair, options: WindowOptions = {}): LayerSpec {
  return { type: 'maxPool2d', poolSize: pair(poolSize), ...windowOf(options, poolSize) }
}

/** Keeps the mean of each window. Windows touch without overlapping unless told otherwise. */
export function avgPool2d(poolSize: number | Pair, options: WindowOptions = {}): LayerSpec {
  return { type: 'avgPool2d', poolSize: pair(poolSize), ...windowOf(options, poolSize) }
}

/** Each channel's mean. */
export function globalAvgPool2d(): LayerSpec {
  return { type: 'globalAvgPool2d' }
}

/** Each channel's largest value. */
export function globalMaxPool2d(): LayerSpec {
  return { type: 'globalMaxPool2d' }
}

/**
 * Brings each channel to mean 0 and variance 1 over the batch in training, by moving averages in use, then
 * scales and shifts it by what it has learned.
 * Source: S. Ioffe and C. Szegedy, “Batch normalization”, ICML 2015; defaults as in Keras.
 */
export function batchNormalization(options: { momentum?: number; epsilon?: number } = {}): LayerSpec {
  const { momentum = 0.99, epsilon = 1e-3 } = options
  return { type: 'batchNormalization', momentum, epsilon }
}

/**
 * Divides by `(bias + alpha * sum of squares) ^ beta`, the sum taken over `radius` channels to either side.
 * Source: A. Krizhevsky, I. Sutskever and G. Hinton, “ImageNet classification with deep convolutional neural
 * networks”, NIPS 2012, section 3.3, with its constants.
 */
export function localResponseNormalization(): LayerSpec {
  return { type: 'localResponseNormalization', radius: 2, bias: 2, alpha: 1e-4, beta: 0.75 }
}

/** Zeros around the image. */
export function zeroPadding2d(padding: number | Margins): LayerSpec {
  if (typeof padding !== 'number') return { type: 'zeroPadding2d', padding }
  return {
    type: 'zeroPadding2d',
    padding: [
      [padding, padding],
      [padding, padding],
    ],
  }
}

/** Channels of zeros before the first and after the last. */
export function padChannels(before: number, after: number): LayerSpec {
  return { type: 'padChannels', before, after }
}

/** Leaves out the first `before` and the last `after` channels. */
export function cropChannels(before: number, after: number): LayerSpec {
  return { type: 'cropChannels', before, after }
}

/** The sum of inputs of one shape. */
export function add(): LayerSpec {
  return { type: 'add' }
}

/** The channels of all inputs, one input after another. */
export function concatenate(): LayerSpec {
  return { type: 'concatenate' }
}

/** Lays a sample's numbers out as one vector, row by row. */
export function flatten(): LayerSpec {
  return { type: 'flatten' }
}

/** The same numbers in another shape. */
export function reshape(targetShape: Shape): LayerSpec {
  return { type: 'reshape', targetShape }
}

export function dense(units: number, options: KernelOptions = {}): LayerSpec {
  return { type: 'dense', units, ...kernelOf(options) }
}

/** Silences each number with probability `rate` in training, and scales the others up to make good. */
export function dropout(rate: number): LayerSpec {
  return { type: 'dropout', rate }
}

export function activation(name: ActivationName): LayerSpec {
  return { type: 'activation', activation: name }
}

/** Lets what is negative through at a slope. */
export function leakyRelu(slope: number): LayerSpec {
  return { type: 'leakyRelu', slope }
}

function kernelOf(options: KernelOptions) {
  const {
    activation = 'linear',
    useBias = true,
    kernelInitializer = 'glorotUniform',
    biasInitializer = 'zeros',
    trainable = true,
  } = options
  return { activation, useBias, kernelInitializer, biasInitializer, trainable }
}

function windowOf({ strides, padding = 'valid' }: WindowOptions, defaultStrides: number | Pair) {
  return { strides: pair(strides ?? defaultStrides), padding }
}

function pair(size: number | Pair): Pair {
  return typeof size === 'number' ? [size, size] : size
}
