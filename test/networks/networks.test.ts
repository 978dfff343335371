import t from 'tap'
import { findArchitecture } from '../../src/networks/architectures/index.js'
import { buildLayerList, layerList } from '../../src/networks/layer-list.js'
import { avgPool2d, conv2d, dense, dropout, flatten, maxPool2d } from '../../src/networks/layers.js'
import type { LayerSpec } from '../../src/networks/network.js'
import { buildSequential } from '../../src/networks/network-builder.js'

t.test('windows slide as TensorFlow has it, with and without padding', async t => {
  const outputOf = (layer: LayerSpec, height: number, width: number) =>
    buildSequential('net', [height, width, 3], [layer]).outputShape
  t.strictSame(outputOf(conv2d(8, 3, { strides: 2 }), 11, 10), [5, 4, 8])
  t.strictSame(outputOf(conv2d(8, 3, { strides: 2, padding: 'same' }), 11, 10), [6, 5, 8])
  t.strictSame(outputOf(maxPool2d(3, { strides: 2 }), 13, 12), [6, 5, 3])
  t.strictSame(outputOf(avgPool2d(3, { strides: 2, padding: 'same' }), 13, 12), [7, 6, 3])
  t.strictSame(outputOf(conv2d(8, 5, { padding: 'same' }), 2, 2), [2, 2, 8], 'a large kernel fits padded')
})

t.test('a convolution multiplies every weight once at every position', async t => {
  const network = buildSequential('net', [32, 32, 3], [conv2d(16, 3, { strides: 2, padding: 'same' })])
  t.equal(network.multiplyAdds, 16 * 16 * 16 * 3 * 3 * 3)
})

t.test('a layer that does not fit is refused by name, with the reason', async t => {
  const refused: [string, LayerSpec[], RegExp][] = [
    [
      'a kernel larger than its input',
      [conv2d(4, 3), maxPool2d(2), conv2d(4, 5)],
      /net, layer conv2d_2: its 5x5 kernel is larger than its 1x1 input/,
    ],
    [
      'a pool larger than its input',
      [maxPool2d(5)],
      /maxPool2d_1: its 5x5 pool is larger than its 4x4 input/,
    ],
    ['zero units', [flatten(), dense(0)], /dense_1: units must be positive integers, not 0/],
    ['half a filter', [conv2d(1.5, 3)], /filters must be positive integers, not 1.5/],
    ['a stride of zero', [conv2d(2, 3, { strides: 0 })], /strides must be positive integers/],
    [
      'a dense layer on images',
      [dense(10)],
      /dense_1: a dense layer takes a vector, not \[4,4,1\]: put a flatten/,
    ],
    [
      'a convolution of a vector',
      [flatten(), conv2d(2, 3)],
      /conv2d_1: it takes images \[height, width, channels\]/,
    ],
    ['a dropout rate of 1', [dropout(1)], /rate must be at least 0 and below 1, not 1/],
    ['no layer at all', [], /needs at least one layer/],
  ]
  for (const [name, layers, message] of refused) {
    t.throws(() => buildSequential('net', [4, 4, 1], layers), { name: 'NetworkError', message }, name)
  }
  t.throws(() => buildSequential('net', [0, 4, 1], [flatten()]), /input shape \[0,4,1\] must be positive/)
})

const list = (layers: unknown) => buildLayerList(layerList.parse(layers), [28, 28, 1])

t.test('a list of layers has the defaults of Keras', async t => {
  const network = list([
    { type: 'conv2d', filters: 32, kernelSize: 3, activation: 'relu' },
    { type: 'maxPool2d' },
    { type: 'flatten' },
    { type: 'dense', units: 64, activation: 'relu' },
    { type: 'dense', units: 10, activation: 'softmax' },
  ])
  t.strictSame(network.layers, findArchitecture('simple-cnn')?.build().layers)
  t.match(list([{ type: 'flatten' }, { type: 'dense', units: 10 }]).layers.at(-1), {
    type: 'activation',
    activation: 'softmax',
  })
})

t.test('a list of layers may branch, by the names of its layers', async t => {
  const network = list([
    { type: 'conv2d', filters: 4, kernelSize: [3, 5], padding: 'same', name: 'first' },
    { type: 'leakyRelu' },
    { type: 'zeroPadding2d', padding: [0, 1], name: 'left' },
    {
      type: 'zeroPadding2d',
      padding: [
        [0, 0],
        [2, 0],
      ],
      inputs: ['first'],
      name: 'right',
    },
    { type: 'concatenate', inputs: ['left', 'right'] },
    { type: 'globalAvgPool2d' },
    { type: 'dense', units: 3, activation: 'softmax' },
  ])
  t.strictSame(
    network.layers.map(({ inputs }) => [...inputs]),
    [[-1], [0], [1], [0], [2, 3], [4], [5]],
  )
  t.match(network.layers[4], { outputShape: [28, 30, 8] })
})

t.test('a list of layers that makes no network is refused by the layer and the reason', async t => {
  const dense = { type: 'dense', units: 10 }
  const refused: [string, unknown[], RegExp][] = [
    ['a dense layer on images', [dense], /^layer 1 \(dense\): a dense layer takes a vector/],
    [
      'a kernel too large',
      [{ type: 'conv2d', filters: 1, kernelSize: 29 }],
      /^layer 1 \(conv2d\): its 29x29 kernel is larger than its 28x28 input; use a smaller one/,
    ],
    [
      'a layer read before it is there',
      [
        { type: 'flatten', inputs: ['later'] },
        { ...dense, name: 'later' },
      ],
      /^layer 1 \(flatten\): 'later' is no layer before it/,
    ],
    [
      'one name twice',
      [
        { type: 'flatten', name: 'a' },
        { ...dense, name: 'a' },
      ],
      /^layer 2 \(a\): another layer has this name/,
    ],
    [
      'an output that nobody uses',
      [{ type: 'flatten' }, { type: 'flatten', inputs: ['input'] }],
      /nothing uses/,
    ],
    [
      'an end in relu',
      [{ type: 'flatten' }, { ...dense, activation: 'relu' }],
      /layer 2 \(dense\): .* not in relu/,
    ],
  ]
  for (const [name, layers, message] of refused) {
    t.throws(() => list(layers), { name: 'NetworkError', message }, name)
  }
  const malformed: unknown[] = [
    [],
    'conv2d',
    [{ type: 'lstm' }],
    [{ type: 'dense' }],
    [{ type: 'dense', units: 0 }],
    [{ type: 'dense', units: 1e9 }],
    [{ type: 'dense', units: 10, kernelInitializer: [1, 2] }],
    [{ type: 'dense', units: 10, magic: true }],
    [{ type: 'dropout', rate: 1 }],
    [{ type: 'flatten', name: '../flatten' }],
    Array.from({ length: 1001 }, () => ({ type: 'flatten' })),
  ]
  for (const layers of malformed) {
    t.notOk(layerList.safeParse(layers).success, JSON.stringify(layers).slice(0, 80))
  }
})
