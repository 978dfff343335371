import { type ActivationName, type Layer, NETWORK_INPUT, type Network, type Shape } from '../network.js'
import { OnnxGraphBuilder } from './onnx-graph-builder.js'

/** The operator set that the graph is written in: of ONNX 1.8 (2020), which every runtime of today reads. */
export const ONNX_OPSET = 13

export type OnnxAttribute = { int: number } | { ints: readonly number[] } | { float: number }

export interface OnnxNode {
  operator: string
  inputs: readonly string[]
  output: string
  attributes: Readonly<Record<string, OnnxAttribute>>
}

/** A tensor that the graph comes with. */
export type OnnxConstant =
  | { kind: 'int64'; name: string; shape: Shape; values: readonly number[] }
  | { kind: 'float32'; name: string; shape: Shape; values: readonly number[] }
  /** One of the network's weights, by the name it is stored under, with its axes in another order. */
  | { kind: 'weight'; name: string; shape: Shape; weight: string; axes: readonly number[] }

/** A network as ONNX' operators, which lie channels first: images `[batch, channels, height, width]`. */
export interface OnnxGraph {
  name: string
  /** Called `images`: of float32, `[batch, height, width, channels]`, as everywhere else in Lyceum. */
  inputShape: Shape
  /** Called `probabilities`: of float32, `[batch, classes]`. */
  outputShape: Shape
  nodes: readonly OnnxNode[]
  constants: readonly OnnxConstant[]
}

export const ONNX_INPUT = 'images'
export const ONNX_OUTPUT = 'probabilities'

/**
 * A network in the operators of ONNX.
 * @see https://onnx.ai/onnx/operators/
 */
export function onnxGraph(network: Network): OnnxGraph {
  const builder = new OnnxGraphBuilder()
  const images = builder.channelsFirst(ONNX_INPUT, network.inputShape)
  const outputs: string[] = []
  for (const layer of network.layers) {
    const inputs = layer.inputs.map(index => (index === NETWORK_INPUT ? images : (outputs[index] ?? images)))
    const name = `${layer.name}/output`
    outputs.push(activate(builder, layer, name, applyLayer(builder, layer, inputs, name)))
  }
  const last = builder.channelsLast(outputs.at(-1) ?? images, network.outputShape)
  builder.add('Identity', [last], {}, ONNX_OUTPUT)
  const { inputShape, outputShape, name } = network
  return { name, inputShape, outputShape, nodes: builder.nodes, constants: builder.constants }
}

/** What a layer does before its activation. @returns the name of what comes out */
function applyLayer(
  builder: OnnxGraphBuilder,
  layer: Layer,
  inputs: readonly string[],
  name: string,
): string {
  const [x = ''] = inputs
  const add = (operator: string, others: readonly string[] = [], attributes = {}) =>
    builder.add(operator, [x, ...others], attributes, `${name}/${operator}`)
  switch (layer.type) {
    case 'conv2d':
      return add('Conv', weights(builder, layer, [3, 2, 0, 1]), window(layer, layer.kernelSize))
    case 'depthwiseConv2d': {
      const [, , channels = 0] = layer.inputShape
      const [height, width] = layer.kernelSize
      const shape = [channels * layer.depthMultiplier, 1, height, width]
      return add('Conv', weights(builder, layer, [2, 3, 0, 1], shape), {
        ...window(layer, layer.kernelSize),
        group: { int: channels },
      })
    }
    case 'maxPool2d':
      return add('MaxPool', [], window(layer, layer.poolSize))
    // Without `count_include_pad`: the mean is of what is there.
    case 'avgPool2d':
      return add('AveragePool', [], window(layer, layer.poolSize))
    case 'globalAvgPool2d':
    case 'globalMaxPool2d': {
      const pooled = add(layer.type === 'globalAvgPool2d' ? 'GlobalAveragePool' : 'GlobalMaxPool')
      return builder.add('Flatten', [pooled], { axis: { int: 1 } }, `${name}/Flatten`)
    }
    case 'batchNormalization':
      return add('BatchNormalization', weights(builder, layer), { epsilon: { float: layer.epsilon } })
    case 'localResponseNormalization': {
      // ONNX divides alpha by the number of channels that it sums over.
      const size = 2 * layer.radius + 1
      return add('LRN', [], {
        size: { int: size },
        alpha: { float: layer.alpha * size },
        beta: { float: layer.beta },
        bias: { float: layer.bias },
      })
    }
    case 'zeroPadding2d': {
      const [[top, bottom], [left, right]] = layer.padding
      return add('Pad', [builder.integers(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right])])
    }
    case 'padChannels':
      return add('Pad', [builder.integers(`${name}/pads`, [0, layer.before, 0, 0, 0, layer.after, 0, 0])])
    case 'cropChannels':
      return add('Slice', [
        builder.integers(`${name}/starts`, [layer.before]),
        builder.integers(`${name}/ends`, [layer.before + (layer.outputShape[2] ?? 0)]),
        builder.integers(`${name}/axes`, [1]),
      ])
    case 'add':
      return inputs
        .slice(1)
        .reduce((sum, other, index) => builder.add('Add', [sum, other], {}, `${name}/Add${index}`), x)
    case 'concatenate':
      return builder.add('Concat', inputs, { axis: { int: 1 } }, `${name}/Concat`)
    case 'flatten':
    case 'reshape': {
      // Row by row and channels last is how the numbers lie everywhere else. A 0 keeps the batch as it is.
      const rows = builder.channelsLast(x, layer.inputShape)
      const shape = builder.integers(`${name}/shape`, [0, ...layer.outputShape])
      const reshaped = builder.add('Reshape', [rows, shape], {}, `${name}/Reshape`)
      return builder.channelsFirst(reshaped, layer.outputShape)
    }
    case 'dense':
      return add(layer.useBias ? 'Gemm' : 'MatMul', weights(builder, layer))
    case 'leakyRelu':
      return add('LeakyRelu', [], { alpha: { float: layer.slope } })
    case 'dropout':
    case 'activation':
      return x
  }
}

function activate(builder: OnnxGraphBuilder, layer: Layer, name: string, x: string): string {
  const kind: ActivationName = 'activation' in layer ? layer.activation : 'linear'
  switch (kind) {
    case 'linear':
      return x
    case 'relu':
      return builder.add('Relu', [x], {}, name)
    case 'relu6':
      return builder.add('Clip', [x, builder.float('zero', 0), builder.float('six', 6)], {}, name)
    case 'tanh':
      return builder.add('Tanh', [x], {}, name)
    case 'sigmoid':
      return builder.add('Sigmoid', [x], {}, name)
    case 'softmax':
      return builder.add('Softmax', [x], { axis: { int: 1 } }, name)
  }
}

/** @param axes of the layer's first weight, in the order in which ONNX has them */
function weights(
  builder: OnnxGraphBuilder,
  layer: Layer,
  axes: readonly number[] = [0, 1],
  shape?: Shape,
): string[] {
  return layer.weights.map(({ name, shape: stored }, index) => {
    const order = index === 0 && stored.length > 1 ? axes : stored.map((_, axis) => axis)
    const turned = order.map(axis => stored[axis] ?? 1)
    return builder.weight(`${layer.name}/${name}`, (index === 0 && shape) || turned, order)
  })
}

type Sliding = Extract<Layer, { strides: unknown }>

/** The padding in numbers: that of SAME puts the odd row and column last, as TensorFlow does. */
function window(layer: Sliding, size: readonly [number, number]): Record<string, OnnxAttribute> {
  const margins = ([0, 1] as const).map(axis => {
    if (layer.padding === 'valid') return [0, 0]
    const [input, output] = [layer.inputShape[axis] ?? 0, layer.outputShape[axis] ?? 0]
    const total = Math.max(0, (output - 1) * layer.strides[axis] + size[axis] - input)
    return [Math.floor(total / 2), Math.ceil(total / 2)]
  })
  return {
    kernel_shape: { ints: size },
    strides: { ints: layer.strides },
    pads: { ints: [0, 1].flatMap(end => margins.map(margin => margin[end] ?? 0)) },
  }
}
