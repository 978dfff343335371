import type { ActivationName, LayerSpec, Padding } from './network.js'

interface WindowOptions {
  strides?: number
  padding?: Padding
}

/** A convolution with a square kernel, stride 1 and no padding unless told otherwise. */
export function conv2d(
  filters: number,
  kernelSize: number,
  options: WindowOptions & { activation?: ActivationName } = {},
): LayerSpec {
  const { strides = 1, padding = 'valid', activation = 'linear' } = options
  return {
    type: 'conv2d',
    filters,
    kernelSize: [kernelSize, kernelSize],
    strides: [strides, strides],
    padding,
    activation,
  }
}

/** Keeps the largest value of each window. Windows touch without overlapping unless told otherwise. */
export function maxPool2d(poolSize: number, options: WindowOptions = {}): LayerSpec {
  return pool2d('maxPool2d', poolSize, options)
}

/** Keeps the mean of each window. Windows touch without overlapping unless told otherwise. */
export function avgPool2d(poolSize: number, options: WindowOptions = {}): LayerSpec {
  return pool2d('avgPool2d', poolSize, options)
}

function pool2d(type: 'maxPool2d' | 'avgPool2d', poolSize: number, options: WindowOptions): LayerSpec {
  const { strides = poolSize, padding = 'valid' } = options
  return { type, poolSize: [poolSize, poolSize], strides: [strides, strides], padding }
}

/** Lays a sample's numbers out as one vector, row by row. */
export function flatten(): LayerSpec {
  return { type: 'flatten' }
}

export function dense(units: number, activation: ActivationName = 'linear'): LayerSpec {
  return { type: 'dense', units, activation }
}

/** Silences each number with probability `rate` in training, and scales the others up to make good. */
export function dropout(rate: number): LayerSpec {
  return { type: 'dropout', rate }
}

export function activation(name: ActivationName): LayerSpec {
  return { type: 'activation', activation: name }
}
