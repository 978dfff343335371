import type { LayerPlan, LayerSpec, Padding, Pair, Shape, WeightPlan } from './network.js'

type Refusal = (reason: string) => Error

/**
 * Infers one layer's output shape, weights and cost from the shapes that reach it.
 * @throws what `refuse` makes of the reason, when the layer does not fit
 */
export function inferLayer(spec: LayerSpec, inputShapes: readonly Shape[], refuse: Refusal): LayerPlan {
  const [inputShape, ...others] = inputShapes
  if (!inputShape) throw refuse('it has no input')
  if (spec.type === 'add' || spec.type === 'concatenate') return inferJoin(spec.type, inputShapes, refuse)
  if (others.length > 0) throw refuse(`it takes one input, not ${inputShapes.length}`)
  const plan = (outputShape: Shape, weights: readonly WeightPlan[] = [], multiplyAdds = 0): LayerPlan => ({
    inputShape,
    outputShape,
    weights,
    parameters: weights.reduce((total, { shape }) => total + product(shape), 0),
    multiplyAdds,
  })

  switch (spec.type) {
    case 'conv2d': {
      const [height, width, channels] = imageShape(inputShape, refuse)
      requirePositive('filters', [spec.filters], refuse)
      const output = slideWindow([height, width], 'kernel', spec.kernelSize, spec, refuse)
      const shape = [...spec.kernelSize, channels, spec.filters]
      const weights = kernelAndBias(spec, 'kernel', shape, spec.filters, refuse)
      return plan([...output, spec.filters], weights, product(shape) * product(output))
    }
    case 'depthwiseConv2d': {
      const [height, width, channels] = imageShape(inputShape, refuse)
      requirePositive('depth multiplier', [spec.depthMultiplier], refuse)
      const output = slideWindow([height, width], 'kernel', spec.kernelSize, spec, refuse)
      const shape = [...spec.kernelSize, channels, spec.depthMultiplier]
      const filters = channels * spec.depthMultiplier
      const weights = kernelAndBias(spec, 'depthwise_kernel', shape, filters, refuse)
      return plan([...output, filters], weights, product(shape) * product(output))
    }
    case 'maxPool2d':
    case 'avgPool2d': {
      const [height, width, channels] = imageShape(inputShape, refuse)
      return plan([...slideWindow([height, width], 'pool', spec.poolSize, spec, refuse), channels])
    }
    case 'globalAvgPool2d':
    case 'globalMaxPool2d':
      return plan([imageShape(inputShape, refuse)[2]])
    case 'batchNormalization': {
      if (!(spec.momentum >= 0 && spec.momentum < 1))
        throw refuse(`momentum must be at least 0 and below 1, not ${spec.momentum}`)
      if (!(spec.epsilon > 0)) throw refuse(`epsilon must be above 0, not ${spec.epsilon}`)
      const shape = [inputShape.at(-1) ?? 0]
      return plan(inputShape, [
        { name: 'gamma', shape, initializer: 'ones', trainable: true },
        { name: 'beta', shape, initializer: 'zeros', trainable: true },
        { name: 'moving_mean', shape, initializer: 'zeros', trainable: false },
        { name: 'moving_variance', shape, initializer: 'ones', trainable: false },
      ])
    }
    case 'localResponseNormalization':
      imageShape(inputShape, refuse)
      return plan(inputShape)
    case 'zeroPadding2d': {
      const [height, width, channels] = imageShape(inputShape, refuse)
      const [rows, columns] = spec.padding
      requireNotNegative('padding', [...rows, ...columns], refuse)
      return plan([height + rows[0] + rows[1], width + columns[0] + columns[1], channels])
    }
    case 'padChannels':
    case 'cropChannels': {
      const [height, width, channels] = imageShape(inputShape, refuse)
      requireNotNegative('channels', [spec.before, spec.after], refuse)
      const change = spec.before + spec.after
      const kept = spec.type === 'padChannels' ? channels + change : channels - change
      if (kept < 1) throw refuse(`of ${channels} channels it would leave none`)
      return plan([height, width, kept])
    }
    case 'flatten':
      return plan([product(inputShape)])
    case 'reshape':
      requirePositive('target shape', spec.targetShape, refuse)
      if (product(spec.targetShape) !== product(inputShape))
        throw refuse(
          `[${inputShape}] has ${product(inputShape)} numbers, [${spec.targetShape}] ${product(spec.targetShape)}`,
        )
      return plan(spec.targetShape)
    case 'dense': {
      requirePositive('units', [spec.units], refuse)
      const [features, ...rest] = inputShape
      if (features === undefined || rest.length > 0) {
        throw refuse(`a dense layer takes a vector, not [${inputShape}]: put a flatten layer before it`)
      }
      const shape = [features, spec.units]
      return plan([spec.units], kernelAndBias(spec, 'kernel', shape, spec.units, refuse), product(shape))
    }
    case 'dropout':
      if (!(spec.rate >= 0 && spec.rate < 1)) {
        throw refuse(`the dropout rate must be at least 0 and below 1, not ${spec.rate}`)
      }
      return plan(inputShape)
    case 'leakyRelu':
      if (!(spec.slope >= 0 && spec.slope < 1))
        throw refuse(`the slope must be at least 0 and below 1, not ${spec.slope}`)
      return plan(inputShape)
    case 'activation':
      return plan(inputShape)
  }
}

function inferJoin(type: 'add' | 'concatenate', shapes: readonly Shape[], refuse: Refusal): LayerPlan {
  const [first = [], ...others] = shapes
  if (others.length === 0) throw refuse('it joins at least two inputs')
  const comparable = (shape: Shape) => (type === 'add' ? shape : shape.slice(0, -1)).join('x')
  if (others.some(shape => shape.length !== first.length || comparable(shape) !== comparable(first))) {
    throw refuse(`its inputs do not fit together: ${shapes.map(shape => `[${shape}]`).join(', ')}`)
  }
  const channels = shapes.reduce((total, shape) => total + (shape.at(-1) ?? 0), 0)
  const outputShape = type === 'add' ? first : [...first.slice(0, -1), channels]
  return { inputShape: first, outputShape, weights: [], parameters: 0, multiplyAdds: 0 }
}

function kernelAndBias(
  spec: Extract<LayerSpec, { useBias: boolean }>,
  name: 'kernel' | 'depthwise_kernel',
  shape: Shape,
  outputs: number,
  refuse: Refusal,
): WeightPlan[] {
  const { trainable, kernelInitializer, biasInitializer } = spec
  const weights: WeightPlan[] = [{ name, shape, initializer: kernelInitializer, trainable }]
  if (spec.useBias) weights.push({ name: 'bias', shape: [outputs], initializer: biasInitializer, trainable })
  for (const { name, shape, initializer } of weights) {
    if (typeof initializer !== 'string' && initializer.length !== product(shape)) {
      throw refuse(`its ${name} has ${product(shape)} numbers, but ${initializer.length} are given`)
    }
  }
  return weights
}

/** The output sizes of a sliding window, by TensorFlow's rules for VALID and SAME padding. */
function slideWindow(
  input: Pair,
  noun: 'kernel' | 'pool',
  window: Pair,
  { strides, padding }: { strides: Pair; padding: Padding },
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

function requireNotNegative(what: string, sizes: readonly number[], refuse: Refusal): void {
  if (!sizes.every(size => Number.isInteger(size) && size >= 0)) {
    throw refuse(`${what} must be integers from 0 on, not ${sizes.join(', ')}`)
  }
}

function product(sizes: Shape): number {
  return sizes.reduce((total, size) => total * size, 1)
}
