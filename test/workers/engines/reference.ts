import {
  type ActivationName,
  type Layer,
  NETWORK_INPUT,
  type Network,
  type Shape,
} from '../../../src/networks/network.js'
import type { OptimizerSpec } from '../../../src/training/contract.js'

/**
 * A network in float64 and plain loops, written from the definitions and sharing nothing with an engine. Its
 * gradients are central differences, so that no rule of differentiation can be wrong twice.
 */

export type Numbers = Float64Array

/** The output of every sample, one after another, before the closing softmax. */
export function referenceForward(
  network: Network,
  weights: Numbers[],
  images: Numbers,
  batch: number,
  training = false,
): Numbers {
  const remaining = [...weights]
  const last = network.layers.length - 1
  const outputs: Numbers[] = []
  for (const [index, layer] of network.layers.entries()) {
    const own = remaining.splice(0, layer.weights.length)
    const inputs = layer.inputs.map(input => (input === NETWORK_INPUT ? images : requireAt(outputs, input)))
    const shapes = layer.inputs.map(input =>
      input === NETWORK_INPUT ? network.inputShape : (network.layers[input]?.outputShape ?? []),
    )
    const y = applyLayer(layer, inputs, shapes, own, batch, training)
    const name = 'activation' in layer ? layer.activation : 'linear'
    const isClosingSoftmax = index === last && name === 'softmax'
    outputs.push(isClosingSoftmax ? y : activate(name, y, layer.outputShape.at(-1) ?? 1))
  }
  return requireAt(outputs, last)
}

/** Mean of -log(softmax(logits)[label]), a share of which goes to the mean over all classes. */
export function referenceLoss(logits: Numbers, labels: number[], classes: number, smoothing = 0): number {
  const losses = labels.map((label, row) => {
    const own = logits.subarray(row * classes, (row + 1) * classes)
    const sum = own.reduce((total, value) => total + Math.exp(value), 0)
    const mean = own.reduce((total, value) => total + value, 0) / classes
    return Math.log(sum) - (1 - smoothing) * (own[label] ?? Number.NaN) - smoothing * mean
  })
  return losses.reduce((total, loss) => total + loss, 0) / labels.length
}

/** The gradient of `f` by each number of `at`, which is put back as it was. */
export function centralDifferences(f: () => number, at: Numbers, h = 1e-5): Numbers {
  return at.map((value, index) => {
    at[index] = value + h
    const above = f()
    at[index] = value - h
    const below = f()
    at[index] = value
    return (above - below) / (2 * h)
  })
}

/** One number's path through an optimizer, written as the papers have it. */
export function referenceOptimizer(
  spec: OptimizerSpec,
  rate: number,
  decays: boolean,
): (weight: number, gradient: number) => number {
  const decay = decays ? spec.weightDecay : 0
  let velocity = 0
  let first = 0
  let second = 0
  let t = 0
  return (weight, slope) => {
    t++
    const gradient = spec.name === 'adamw' ? slope : slope + decay * weight
    switch (spec.name) {
      case 'sgd':
        velocity = spec.momentum * velocity - rate * gradient
        return weight + (spec.nesterov ? spec.momentum * velocity - rate * gradient : velocity)
      case 'rmsprop':
        second = spec.rho * second + (1 - spec.rho) * gradient ** 2
        velocity = spec.momentum * velocity - (rate * gradient) / Math.sqrt(second + spec.epsilon)
        return weight + velocity
      default: {
        first = spec.beta1 * first + (1 - spec.beta1) * gradient
        second = spec.beta2 * second + (1 - spec.beta2) * gradient ** 2
        const alpha = (rate * Math.sqrt(1 - spec.beta2 ** t)) / (1 - spec.beta1 ** t)
        const shrunk = spec.name === 'adamw' ? weight * (1 - rate * decay) : weight
        return shrunk - (alpha * first) / (Math.sqrt(second) + spec.epsilon)
      }
    }
  }
}

function applyLayer(
  layer: Layer,
  inputs: Numbers[],
  inputShapes: Shape[],
  weights: Numbers[],
  batch: number,
  training: boolean,
): Numbers {
  const x = requireAt(inputs, 0)
  const [height = 0, width = 0, channels = 0] = layer.inputShape
  const [kernel = new Float64Array()] = weights
  const biasAt = (output: number) => (weights[1] ? read(weights[1], output) : 0)
  switch (layer.type) {
    case 'conv2d':
      return slide(layer, layer.kernelSize, batch, (taps, output) =>
        taps.reduce((sum, { at, tap }) => {
          let part = sum
          for (let c = 0; c < channels; c++) {
            part += read(x, at + c) * read(kernel, (tap * channels + c) * layer.filters + output)
          }
          return part
        }, biasAt(output)),
      )
    case 'depthwiseConv2d':
      return slide(layer, layer.kernelSize, batch, (taps, output) => {
        const channel = Math.floor(output / layer.depthMultiplier)
        return taps.reduce(
          (sum, { at, tap }) =>
            sum +
            read(x, at + channel) *
              read(
                kernel,
                (tap * channels + channel) * layer.depthMultiplier + (output % layer.depthMultiplier),
              ),
          biasAt(output),
        )
      })
    case 'globalAvgPool2d':
      return overChannels(x, channels, batch, values => values.reduce((a, b) => a + b, 0) / values.length)
    case 'globalMaxPool2d':
      return overChannels(x, channels, batch, values => Math.max(...values))
    case 'batchNormalization': {
      const last = layer.outputShape.at(-1) ?? 1
      const [, beta, movingMean, movingVariance] = weights
      const statistics = Array.from({ length: last }, (_, channel) => {
        const values = x.filter((_, index) => index % last === channel)
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
        return training
          ? { mean, variance }
          : {
              mean: read(requireAt([movingMean], 0), channel),
              variance: read(requireAt([movingVariance], 0), channel),
            }
      })
      return x.map((value, index) => {
        const channel = index % last
        const { mean, variance } = requireAt(statistics, channel)
        const scaled = (value - mean) / Math.sqrt(variance + layer.epsilon)
        return scaled * read(kernel, channel) + read(requireAt([beta], 0), channel)
      })
    }
    case 'localResponseNormalization':
      return x.map((value, index) => {
        const channel = index % channels
        let sum = 0
        for (let other = channel - layer.radius; other <= channel + layer.radius; other++) {
          if (other >= 0 && other < channels) sum += read(x, index - channel + other) ** 2
        }
        return value / (layer.bias + layer.alpha * sum) ** layer.beta
      })
    case 'zeroPadding2d': {
      const [[top], [left]] = layer.padding
      return place(layer, batch, (n, row, column, channel) => {
        const r = row - top
        const c = column - left
        const isInside = r >= 0 && r < height && c >= 0 && c < width
        return isInside ? read(x, ((n * height + r) * width + c) * channels + channel) : 0
      })
    }
    case 'padChannels':
    case 'cropChannels': {
      const shift = layer.type === 'padChannels' ? -layer.before : layer.before
      return place(layer, batch, (n, row, column, channel) => {
        const from = channel + shift
        const isInside = from >= 0 && from < channels
        return isInside ? read(x, ((n * height + row) * width + column) * channels + from) : 0
      })
    }
    case 'add':
      return x.map((_, index) => inputs.reduce((sum, input) => sum + read(input, index), 0))
    case 'concatenate': {
      const positions = batch * layer.outputShape.slice(0, -1).reduce((a, b) => a * b, 1)
      const parts = Array.from({ length: positions }, (_, position) =>
        inputs.flatMap((input, i) => {
          const size = inputShapes[i]?.at(-1) ?? 0
          return [...input.subarray(position * size, (position + 1) * size)]
        }),
      )
      return Float64Array.from(parts.flat())
    }
    case 'leakyRelu':
      return x.map(value => (value < 0 ? value * layer.slope : value))
    case 'maxPool2d':
      return slide(layer, layer.poolSize, batch, (taps, channel) =>
        Math.max(...taps.map(({ at }) => read(x, at + channel))),
      )
    case 'avgPool2d':
      return slide(
        layer,
        layer.poolSize,
        batch,
        (taps, channel) => taps.reduce((sum, { at }) => sum + read(x, at + channel), 0) / taps.length,
      )
    case 'dense': {
      const features = layer.inputShape[0] ?? 0
      return Float64Array.from({ length: batch * layer.units }, (_, index) => {
        const unit = index % layer.units
        const row = Math.floor(index / layer.units)
        let sum = biasAt(unit)
        for (let i = 0; i < features; i++)
          sum += read(x, row * features + i) * read(kernel, i * layer.units + unit)
        return sum
      })
    }
    case 'flatten':
    case 'reshape':
    case 'dropout':
    case 'activation':
      return x
  }
}

/** Every number of an image-shaped output, by its place. */
function place(
  layer: Layer,
  batch: number,
  compute: (n: number, row: number, column: number, channel: number) => number,
): Numbers {
  const [height = 0, width = 0, channels = 0] = layer.outputShape
  return Float64Array.from({ length: batch * height * width * channels }, (_, index) => {
    const pixel = Math.floor(index / channels)
    const n = Math.floor(pixel / (height * width))
    return compute(n, Math.floor(pixel / width) % height, pixel % width, index % channels)
  })
}

/** One number for each sample and channel. */
function overChannels(
  x: Numbers,
  channels: number,
  batch: number,
  compute: (values: Numbers) => number,
): Numbers {
  const sampleSize = x.length / batch
  return Float64Array.from({ length: batch * channels }, (_, index) => {
    const start = Math.floor(index / channels) * sampleSize
    return compute(x.subarray(start, start + sampleSize).filter((_, i) => i % channels === index % channels))
  })
}

interface Tap {
  /** Where the first channel of the number under the window is. */
  at: number
  /** Which place of the window it is under, row by row. */
  tap: number
}

function slide(
  layer: Extract<Layer, { strides: unknown }>,
  window: readonly [number, number],
  batch: number,
  compute: (taps: Tap[], channel: number) => number,
): Numbers {
  const [height = 0, width = 0, channels = 0] = layer.inputShape
  const [outHeight = 0, outWidth = 0, outChannels = 0] = layer.outputShape
  const before = (out: number, stride: number, size: number, input: number) =>
    layer.padding === 'same' ? Math.floor(Math.max(0, (out - 1) * stride + size - input) / 2) : 0
  const top = before(outHeight, layer.strides[0], window[0], height)
  const left = before(outWidth, layer.strides[1], window[1], width)
  const output: number[] = []
  for (let n = 0; n < batch; n++) {
    for (let r = 0; r < outHeight; r++) {
      for (let c = 0; c < outWidth; c++) {
        const taps: Tap[] = []
        for (let i = 0; i < window[0]; i++) {
          for (let j = 0; j < window[1]; j++) {
            const row = r * layer.strides[0] - top + i
            const column = c * layer.strides[1] - left + j
            const inside = row >= 0 && row < height && column >= 0 && column < width
            if (inside)
              taps.push({ at: ((n * height + row) * width + column) * channels, tap: i * window[1] + j })
          }
        }
        for (let channel = 0; channel < outChannels; channel++) output.push(compute(taps, channel))
      }
    }
  }
  return Float64Array.from(output)
}

function activate(name: ActivationName, x: Numbers, channels: number): Numbers {
  switch (name) {
    case 'linear':
      return x
    case 'relu':
      return x.map(value => Math.max(0, value))
    case 'relu6':
      return x.map(value => Math.min(6, Math.max(0, value)))
    case 'tanh':
      return x.map(Math.tanh)
    case 'sigmoid':
      return x.map(value => 1 / (1 + Math.exp(-value)))
    case 'softmax':
      return x.map((value, index) => {
        const start = index - (index % channels)
        const sum = x.subarray(start, start + channels).reduce((total, other) => total + Math.exp(other), 0)
        return Math.exp(value) / sum
      })
  }
}

function read(numbers: Numbers, index: number): number {
  return numbers[index] ?? Number.NaN
}

function requireAt<T>(items: readonly (T | undefined)[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new Error('fewer than the network asks for')
  return item
}
