import t from 'tap'
import { architectures, findArchitecture } from '../../src/networks/architectures/index.js'
import { avgPool2d, conv2d, dense, dropout, flatten, maxPool2d } from '../../src/networks/layers.js'
import type { LayerSpec, Network } from '../../src/networks/network.js'
import { buildSequential } from '../../src/networks/network-builder.js'

const rows = (network: Network) =>
  network.layers.map(({ type, outputShape, parameters }) => [type, outputShape.join('x'), parameters])

function build(id: string, rate = 0): Network {
  const architecture = findArchitecture(id)
  if (!architecture) throw new Error(`no architecture ${id}`)
  return architecture.build({ dropout: rate })
}

t.test('the simple CNN has the shapes and parameters of its Keras summary()', async t => {
  const network = build('simple-cnn')
  t.strictSame(rows(network), [
    ['conv2d', '26x26x32', 320],
    ['maxPool2d', '13x13x32', 0],
    ['flatten', '5408', 0],
    ['dense', '64', 346_176],
    ['dense', '10', 650],
  ])
  t.equal(network.parameters, 347_146)
})

t.test('LeNet-5 has the shapes and 61,706 parameters of Dive into Deep Learning, section 7.6', async t => {
  const network = build('lenet-5')
  t.strictSame(rows(network), [
    ['conv2d', '28x28x6', 156],
    ['avgPool2d', '14x14x6', 0],
    ['conv2d', '10x10x16', 2416],
    ['avgPool2d', '5x5x16', 0],
    ['flatten', '400', 0],
    ['dense', '120', 48_120],
    ['dense', '84', 10_164],
    ['dense', '10', 850],
  ])
  t.equal(network.parameters, 61_706)
})

t.test('LeNet-5 counts as the paper of 1998 does where the two agree', async t => {
  const [c1, , , , , c5, f6] = build('lenet-5').layers
  t.equal(c1?.parameters, 156, 'C1: 156 trainable parameters')
  t.equal((c1?.multiplyAdds ?? 0) + 6 * 28 * 28, 122_304, 'C1: 122,304 connections, biases among them')
  t.equal(c5?.parameters, 48_120, 'C5: 48,120 trainable connections')
  t.equal(f6?.parameters, 10_164, 'F6: 10,164 trainable parameters')
})

t.test('every architecture ends in one probability a class and names its source', async t => {
  for (const architecture of architectures) {
    const network = architecture.build({ dropout: 0 })
    t.strictSame(network.inputShape, architecture.inputShape)
    t.strictSame(network.outputShape, [architecture.classes])
    t.match(network.layers.at(-1), { type: 'dense', activation: 'softmax' })
    t.match(architecture.source, /\d{4}/, 'the source has a year')
  }
})

t.test('dropout stands before the output layer and costs no parameter', async t => {
  const network = build('lenet-5', 0.5)
  t.match(network.layers.at(-2), { type: 'dropout', rate: 0.5, outputShape: [84] })
  t.equal(network.parameters, 61_706)
})

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
