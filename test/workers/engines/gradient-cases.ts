import { activation, avgPool2d, conv2d, dense, flatten, maxPool2d } from '../../../src/networks/layers.js'
import type { LayerSpec } from '../../../src/networks/network.js'

/** One layer each, its input's shape, and what the input's numbers have added to them. */
export const gradientCases: {
  name: string
  inputShape: [number, number, number]
  layers: LayerSpec[]
  shift?: number
}[] = [
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
  { name: 'conv2d as large as its input', inputShape: [5, 5, 2], layers: [conv2d(3, 5)] },
  {
    name: 'conv2d 2x3, strides 2 and 1',
    inputShape: [7, 6, 2],
    layers: [
      {
        type: 'conv2d',
        filters: 3,
        kernelSize: [2, 3],
        strides: [2, 1],
        padding: 'valid',
        activation: 'linear',
      },
    ],
  },
  { name: 'maxPool2d 2x2', inputShape: [6, 6, 3], layers: [maxPool2d(2)] },
  { name: 'maxPool2d 2x2 over an odd size', inputShape: [7, 5, 3], layers: [maxPool2d(2)] },
  {
    name: 'maxPool2d 3x3, SAME, stride 2, overlapping',
    inputShape: [7, 8, 2],
    layers: [maxPool2d(3, { padding: 'same', strides: 2 })],
  },
  { name: 'maxPool2d 2x2 where all is negative', inputShape: [6, 6, 3], layers: [maxPool2d(2)], shift: -2 },
  { name: 'avgPool2d 2x2', inputShape: [6, 6, 3], layers: [avgPool2d(2)] },
  {
    name: 'avgPool2d 3x3, SAME, stride 2, overlapping',
    inputShape: [7, 8, 2],
    layers: [avgPool2d(3, { padding: 'same', strides: 2 })],
  },
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
      dense(5, 'sigmoid'),
      dense(3, 'softmax'),
    ],
  },
]
