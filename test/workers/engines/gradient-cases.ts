import {
  activation,
  add,
  avgPool2d,
  batchNormalization,
  concatenate,
  conv2d,
  cropChannels,
  dense,
  depthwiseConv2d,
  flatten,
  globalAvgPool2d,
  globalMaxPool2d,
  leakyRelu,
  localResponseNormalization,
  maxPool2d,
  padChannels,
  reshape,
  zeroPadding2d,
} from '../../../src/networks/layers.js'
import type { LayerSpec, Network, Shape } from '../../../src/networks/network.js'
import { buildSequential, NetworkBuilder } from '../../../src/networks/network-builder.js'

/** One layer each, or a few together; to the input's numbers `shift` is added. */
interface GradientCase {
  name: string
  network: Network
  shift: number
}

const sequences: { name: string; inputShape: Shape; layers: LayerSpec[]; shift?: number }[] = [
  { name: 'conv2d 3x3 of one channel', inputShape: [7, 6, 1], layers: [conv2d(4, 3)] },
  { name: 'conv2d 3x3, SAME, odd sizes', inputShape: [7, 5, 3], layers: [conv2d(5, 3, { padding: 'same' })] },
  {
    name: 'conv2d 5x5, SAME, stride 2',
    inputShape: [9, 7, 2],
    layers: [conv2d(3, 5, { padding: 'same', strides: 2 })],
  },
  {
    name: 'conv2d 3x3, stride 2, the last column unused',
    inputShape: [8, 8, 2],
    layers: [conv2d(3, 3, { strides: 2 })],
  },
  {
    name: 'conv2d 3x3, SAME, stride 2, even size',
    inputShape: [8, 6, 2],
    layers: [conv2d(3, 3, { padding: 'same', strides: 2 })],
  },
  { name: 'conv2d 1x1', inputShape: [4, 5, 6], layers: [conv2d(7, 1)] },
  { name: 'conv2d 1x1, stride 2', inputShape: [5, 5, 3], layers: [conv2d(4, 1, { strides: 2 })] },
  { name: 'conv2d 1x1 of few filters', inputShape: [4, 5, 6], layers: [conv2d(3, 1)] },
  {
    name: 'conv2d 3x3 of one channel, many filters, SAME, stride 2',
    inputShape: [7, 6, 1],
    layers: [conv2d(12, 3, { padding: 'same', strides: 2 })],
  },
  { name: 'conv2d 3x3 of one channel, many filters', inputShape: [5, 6, 1], layers: [conv2d(12, 3)] },
  {
    name: 'conv2d 3x3 of one channel, many filters, SAME, stride 2, even sizes',
    inputShape: [6, 8, 1],
    layers: [conv2d(12, 3, { padding: 'same', strides: 2 })],
  },
  { name: 'conv2d 2x2, SAME', inputShape: [7, 8, 3], layers: [conv2d(4, 2, { padding: 'same' })] },
  {
    name: 'conv2d 5x5 of one channel, SAME',
    inputShape: [12, 12, 1],
    layers: [conv2d(3, 5, { padding: 'same' })],
  },
  {
    name: 'conv2d 2x2 of more filters than a register holds',
    inputShape: [4, 4, 1],
    layers: [conv2d(18, 2)],
  },
  { name: 'conv2d 3x3 over many places', inputShape: [12, 13, 1], layers: [conv2d(3, 3)] },
  {
    name: 'conv2d with ReLU before maxPool2d 2x2',
    inputShape: [8, 7, 2],
    layers: [conv2d(4, 3, { activation: 'relu' }), maxPool2d(2)],
  },
  { name: 'conv2d as large as its input', inputShape: [5, 5, 2], layers: [conv2d(3, 5)] },
  {
    name: 'conv2d 2x3, strides 2 and 1',
    inputShape: [7, 6, 2],
    layers: [conv2d(3, [2, 3], { strides: [2, 1] })],
  },
  { name: 'maxPool2d 2x2', inputShape: [6, 6, 3], layers: [maxPool2d(2)] },
  { name: 'maxPool2d 2x2 over an odd size', inputShape: [7, 5, 3], layers: [maxPool2d(2)] },
  {
    name: 'maxPool2d 3x3, SAME, stride 2, overlapping',
    inputShape: [7, 8, 2],
    layers: [maxPool2d(3, { padding: 'same', strides: 2 })],
  },
  { name: 'maxPool2d 2x2 where all is negative', inputShape: [6, 6, 3], layers: [maxPool2d(2)], shift: -2 },
  { name: 'avgPool2d 2x2 over an odd size', inputShape: [7, 5, 3], layers: [avgPool2d(2)] },
  { name: 'avgPool2d 2x2', inputShape: [6, 6, 3], layers: [avgPool2d(2)] },
  {
    name: 'avgPool2d 3x3, SAME, stride 2, overlapping',
    inputShape: [7, 8, 2],
    layers: [avgPool2d(3, { padding: 'same', strides: 2 })],
  },
  { name: 'conv2d without bias', inputShape: [5, 4, 3], layers: [conv2d(4, 3, { useBias: false })] },
  {
    name: 'depthwiseConv2d 3x3, SAME',
    inputShape: [6, 5, 4],
    layers: [depthwiseConv2d(3, { padding: 'same' })],
  },
  {
    name: 'depthwiseConv2d 3x3, SAME, stride 2, odd sizes',
    inputShape: [7, 5, 3],
    layers: [depthwiseConv2d(3, { padding: 'same', strides: 2 })],
  },
  {
    name: 'depthwiseConv2d 3x3, SAME, stride 2, even sizes',
    inputShape: [8, 6, 3],
    layers: [depthwiseConv2d(3, { padding: 'same', strides: 2, useBias: false })],
  },
  {
    name: 'depthwiseConv2d 2x2, stride 2, two filters a channel',
    inputShape: [7, 6, 3],
    layers: [depthwiseConv2d(2, { strides: 2, depthMultiplier: 2 })],
  },
  { name: 'depthwiseConv2d 1x1', inputShape: [4, 3, 5], layers: [depthwiseConv2d(1)] },
  { name: 'globalAvgPool2d', inputShape: [5, 4, 3], layers: [globalAvgPool2d()] },
  { name: 'globalMaxPool2d', inputShape: [5, 4, 3], layers: [globalMaxPool2d()] },
  { name: 'batchNormalization of images', inputShape: [4, 5, 3], layers: [batchNormalization()] },
  {
    name: 'batchNormalization far from zero',
    inputShape: [4, 5, 3],
    layers: [batchNormalization()],
    shift: 5,
  },
  {
    name: 'batchNormalization of vectors',
    inputShape: [2, 2, 3],
    layers: [flatten(), batchNormalization({ epsilon: 0.1 })],
  },
  { name: 'localResponseNormalization', inputShape: [3, 4, 7], layers: [localResponseNormalization()] },
  {
    name: 'zeroPadding2d',
    inputShape: [4, 3, 2],
    layers: [
      zeroPadding2d([
        [1, 2],
        [0, 3],
      ]),
    ],
  },
  { name: 'padChannels', inputShape: [4, 3, 2], layers: [padChannels(1, 2)] },
  { name: 'cropChannels', inputShape: [4, 3, 6], layers: [cropChannels(1, 2)] },
  { name: 'reshape', inputShape: [4, 3, 2], layers: [reshape([2, 3, 4])] },
  { name: 'dense without bias', inputShape: [3, 4, 2], layers: [flatten(), dense(5, { useBias: false })] },
  { name: 'relu6', inputShape: [5, 5, 2], layers: [activation('relu6')], shift: 5.5 },
  { name: 'leakyRelu', inputShape: [5, 5, 2], layers: [leakyRelu(0.1)] },
  { name: 'dense of two inputs', inputShape: [1, 2, 1], layers: [flatten(), dense(9)] },
  { name: 'dense', inputShape: [3, 4, 2], layers: [flatten(), dense(5)] },
  { name: 'relu', inputShape: [5, 5, 2], layers: [activation('relu')] },
  { name: 'tanh', inputShape: [5, 5, 2], layers: [activation('tanh')] },
  { name: 'sigmoid', inputShape: [5, 5, 2], layers: [activation('sigmoid')] },
  { name: 'softmax', inputShape: [3, 3, 4], layers: [activation('softmax')] },
  {
    name: 'all in a row',
    inputShape: [9, 8, 1],
    layers: [
      conv2d(3, 3, { padding: 'same', activation: 'tanh' }),
      avgPool2d(2),
      conv2d(4, 2, { activation: 'relu' }),
      maxPool2d(2, { padding: 'same' }),
      flatten(),
      dense(5, { activation: 'sigmoid' }),
      dense(3, { activation: 'softmax' }),
    ],
  },
]

const graphs: GradientCase[] = [
  {
    name: 'a residual connection around batch-normalised convolutions',
    network: residual(),
    shift: 0,
  },
  { name: 'branches of one input that are concatenated', network: branches(), shift: 0 },
]

export const gradientCases: GradientCase[] = [
  ...sequences.map(({ name, inputShape, layers, shift = 0 }) => ({
    name,
    network: buildSequential('net', inputShape, [...layers, flatten()]),
    shift,
  })),
  ...graphs,
]

function residual(): Network {
  const builder = new NetworkBuilder('residual', [5, 4, 3])
  const branch = builder.sequence(
    [
      conv2d(6, 3, { padding: 'same', strides: 2, useBias: false }),
      batchNormalization(),
      activation('tanh'),
      conv2d(6, 3, { padding: 'same', useBias: false }),
      batchNormalization(),
    ],
    builder.input,
  )
  const shortcut = builder.sequence(
    [maxPool2d(1, { strides: 2, padding: 'same' }), padChannels(1, 2)],
    builder.input,
  )
  const sum = builder.add(add(), [branch, shortcut])
  builder.sequence([activation('tanh'), globalAvgPool2d()], sum)
  return builder.build()
}

function branches(): Network {
  const builder = new NetworkBuilder('branches', [4, 4, 4])
  const left = builder.sequence([conv2d(2, 1), depthwiseConv2d(3, { padding: 'same' })], builder.input)
  const right = builder.sequence([cropChannels(1, 1), leakyRelu(0.3)], builder.input)
  const joined = builder.add(concatenate(), [left, right, builder.input])
  builder.sequence([conv2d(3, 2, { activation: 'sigmoid' }), flatten()], joined)
  return builder.build()
}
