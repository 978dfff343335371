import type { LayerPlan, LayerSpec, Padding, Pair, Shape } from './network.js'

type Refusal = (reason: string) => Error

/**
 * Infers one layer's output shape, weights and cost from the shape that reaches it.
 * @throws what `refuse` makes of the reason, when the layer does not fit
 */
export function inferLayer(spec: LayerSpec, inputShape: Shape, refuse: Refusal): LayerPlan {
  switch (spec.type) {
    case 'conv2d': {
      const [height, width, channels] = imageShape(inputShape, refuse)
      requirePositive('filters', [spec.filters], refuse)
      const output = slideWindow(
        [height, width],
        'kernel',
        spec.kernelSize,
        spec.strides,
        spec.padding,
        refuse,
      )
      const kernel = [...spec.kernelSize, channels, spec.filters]
      return plan(inputShape, [...output, spec.filters], kernel, product(output))
    }
    case 'maxPool2d':
    case 'avgPool2d': {
      const [height, width, channels] = imageShape(inputShape, refuse)
      const output = slideWindow([height, width], 'pool', spec.poolSize, spec.strides, spec.padding, refuse)
      return plan(inputShape, [...output, channels])
    }
    case 'flatten':
      return plan(inputShape, [product(inputShape)])
    case 'dense': {
      requirePositive('units', [spec.units], refuse)
      const [features, ...rest] = inputShape
      if (features === undefined || rest.length > 0) {
        throw refuse(`a dense layer takes a vector, not [${inputShape}]: put a flatten layer before it`)
      }
      return plan(inputShape, [spec.units], [features, spec.units], 1)
    }
    case 'dropout':
      if (!(spec.rate >= 0 && spec.rate < 1)) {
        throw refuse(`the dropout rate must be at least 0 and below 1, not ${spec.rate}`)
      }
      return plan(inputShape, inputShape)
    case 'activation':
      return plan(inputShape, inputShape)
  }
}

/** `kernel`'s last size is the bias's; each of its numbers is used once at each of `positions`. */
function plan(inputShape: Shape, outputShape: Shape, kernel?: Shape, positions = 0): LayerPlan {
  if (!kernel) return { inputShape, outputShape, weights: [], parameters: 0, multiplyAdds: 0 }
  const bias = kernel.slice(-1)
  return {
    inputShape,
    outputShape,
    weights: [
      { name: 'kernel', shape: kernel },
      { name: 'bias', shape: bias },
    ],
    parameters: product(kernel) + product(bias),
    multiplyAdds: product(kernel) * positions,
  }
}

/** The output sizes of a sliding window, by TensorFlow's rules for VALID and SAME padding. */
function slideWindow(
  input: Pair,
  noun: 'kernel' | 'pool',
  window: Pair,
  strides: Pair,
  padding: Padding,
  refuse: Refusal,
): Pair {
  requirePositive(`${noun} size`, window, refuse)
  requirePositive('strides', strides, refuse)
  if (padding === 'same') return [Math.ceil(input[0] / strides[0]), Math.ceil(input[1] / strides[1])]
  if (window[0] > input[0] || window[1] > input[1]) {
    throw refuse(
      `its ${window.join('x')} ${noun} is larger than its ${input.join('x')} input; use a smaller one or 'same' padding`,
    )
  }
  return [
    Math.floor((input[0] - window[0]) / strides[0]) + 1,
    Math.floor((input[1] - window[1]) / strides[1]) + 1,
  ]
}

function imageShape(shape: Shape, refuse: Refusal): [height: number, width: number, channels: number] {
  const [height, width, channels, ...rest] = shape
  if (height === undefined || width === undefined || channels === undefined || rest.length > 0) {
    throw refuse(`it takes images [height, width, channels], not [${shape}]`)
  }
  return [height, width, channels]
}

function requirePositive(what: string, sizes: readonly number[], refuse: Refusal): void {
  if (!sizes.every(size => Number.isInteger(size) && size > 0)) {
    throw refuse(`${what} must be positive integers, not ${sizes.join('x')}`)
  }
}

function product(sizes: Shape): number {
  return sizes.reduce((total, size) => total * size, 1)
}
