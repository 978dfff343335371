import type { ActivationName, Layer, Network } from '../../../src/networks/network.js'
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
): Numbers {
  const remaining = [...weights]
  const last = network.layers.length - 1
  let x = images
  for (const [index, layer] of network.layers.entries()) {
    const [kernel = new Float64Array(), bias = new Float64Array()] = remaining.splice(0, layer.weights.length)
    x = applyLayer(layer, x, kernel, bias, batch)
    const name = 'activation' in layer ? layer.activation : 'linear'
    if (!(index === last && name === 'softmax')) x = activate(name, x, layer.outputShape.at(-1) ?? 1)
  }
  return x
}

/** Mean of -log(softmax(logits)[label]). */
export function referenceLoss(logits: Numbers, labels: number[], classes: number): number {
  const losses = labels.map((label, row) => {
    const own = logits.subarray(row * classes, (row + 1) * classes)
    const sum = own.reduce((total, value) => total + Math.exp(value), 0)
    return Math.log(sum) - (own[label] ?? Number.NaN)
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
): (weight: number, gradient: number) => number {
  let velocity = 0
  let first = 0
  let second = 0
  let t = 0
  return (weight, gradient) => {
    t++
    if (spec.name === 'sgd') {
      velocity = spec.momentum * velocity - rate * gradient
      return weight + (spec.nesterov ? spec.momentum * velocity - rate * gradient : velocity)
    }
    first = spec.beta1 * first + (1 - spec.beta1) * gradient
    second = spec.beta2 * second + (1 - spec.beta2) * gradient ** 2
    const alpha = (rate * Math.sqrt(1 - spec.beta2 ** t)) / (1 - spec.beta1 ** t)
    return weight - (alpha * first) / (Math.sqrt(second) + spec.epsilon)
  }
}

function applyLayer(layer: Layer, x: Numbers, kernel: Numbers, bias: Numbers, batch: number): Numbers {
  switch (layer.type) {
    case 'conv2d':
      return slide(layer, layer.kernelSize, batch, (taps, output) =>
        taps.reduce(
          (sum, { at, tap }) => {
            const channels = layer.inputShape[2] ?? 0
            let part = sum
            for (let c = 0; c < channels; c++) {
              part += read(x, at + c) * read(kernel, (tap * channels + c) * layer.filters + output)
            }
            return part
          },
          read(bias, output),
        ),
      )
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
        let sum = read(bias, unit)
        for (let i = 0; i < features; i++)
          sum += read(x, row * features + i) * read(kernel, i * layer.units + unit)
        return sum
      })
    }
    default:
      return x
  }
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
