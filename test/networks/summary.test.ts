import t from 'tap'
import { findArchitecture } from '../../src/networks/architectures/index.js'
import { dense, dropout, flatten } from '../../src/networks/layers.js'
import { buildSequential } from '../../src/networks/network-builder.js'
import { formatBytes, formatSummary, summarizeNetwork } from '../../src/networks/summary.js'
import {
  countWasmParts,
  estimateTrainingMemory,
  MOST_WASM_PARTS,
} from '../../src/networks/training-memory.js'

t.test('a summary says of each layer what it reads, gives and costs', async t => {
  const network = findArchitecture('lenet-5-1998')?.build()
  if (!network) throw new Error('no LeNet-5')
  const summary = summarizeNetwork(network)
  t.match(summary, {
    name: 'lenet-5-1998',
    inputShape: [32, 32, 1],
    outputShape: [10],
    parameters: 60_850,
    trainableParameters: 60_000,
    weightBytes: 4 * 60_850,
  })
  t.match(summary.layers[0], {
    name: 'conv2d_1',
    type: 'conv2d',
    inputs: ['input'],
    outputShape: [28, 28, 6],
    parameters: 156,
    multiplyAdds: 28 * 28 * 6 * 25,
    activationBytes: 4 * 28 * 28 * 6,
  })
  t.match(
    summary.layers.find(layer => layer.type === 'concatenate'),
    { inputs: ['depthwiseConv2d_1', 'depthwiseConv2d_1'], outputShape: [14, 14, 12] },
  )
  t.match(summary.layers.at(-1), { parameters: 850, trainableParameters: 0 })
  t.equal(
    summary.activationBytes,
    summary.layers.reduce((sum, layer) => sum + layer.activationBytes, 0),
  )
})

t.test('a summary as text is a table with its totals', async t => {
  const network = findArchitecture('simple-cnn')?.build()
  if (!network) throw new Error('no simple CNN')
  t.equal(
    formatSummary(summarizeNetwork(network)),
    `simple-cnn: images of 28x28x1

Layer        Type       Output shape  Parameters  Multiply-adds  Reads
----------------------------------------------------------------------------
conv2d_1     conv2d     26x26x32             320        194,688  input
maxPool2d_1  maxPool2d  13x13x32               0              0  conv2d_1
flatten_1    flatten    5408                   0              0  maxPool2d_1
dense_1      dense      64               346,176        346,112  flatten_1
dense_2      dense      10                   650            640  dense_1
----------------------------------------------------------------------------
Parameters: 347,146, of which 347,146 are trained
Multiply-adds for one image: 541,440
Memory: 1.3 MiB for the weights, 127 KiB for the layers' outputs of one image
`,
  )
})

t.test('sizes are told in the unit that suits them', async t => {
  t.strictSame([0, 1023, 1024, 1536, 3 * 1024 ** 3, 2 ** 60].map(formatBytes), [
    '0 bytes',
    '1,023 bytes',
    '1 KiB',
    '1.5 KiB',
    '3 GiB',
    '1,048,576 TiB',
  ])
})

t.test('the memory of training grows with the batch and with what the optimizer remembers', async t => {
  const network = buildSequential(
    'net',
    [2, 2, 1],
    [flatten(), dense(3, { activation: 'relu' }), dropout(0.5), dense(2, { activation: 'softmax' })],
  )
  const parameters = 4 * 3 + 3 + 3 * 2 + 2
  // The image, the dense layer before and after its bias and its ReLU, mask and product, and the last layer's three.
  const numbersOfAnImage = 4 + 3 * 3 + 2 * 3 + 3 * 2
  t.strictSame(estimateTrainingMemory(network, { batchSize: 10, optimizerSlots: 2 }), {
    weightBytes: 4 * parameters * 5,
    activationBytes: 2 * 4 * 10 * numbersOfAnImage,
    totalBytes: 4 * (parameters * 5 + 2 * 10 * numbersOfAnImage),
  })
})

t.test('a batch that is too large for one heap of WebAssembly is trained in parts', async t => {
  const parts = (id: string) => {
    const network = findArchitecture(id)?.build()
    if (!network) throw new Error(`no ${id}`)
    return countWasmParts(estimateTrainingMemory(network, { batchSize: 128, optimizerSlots: 2 }))
  }
  t.equal(parts('resnet-20'), 1)
  // 6.2 GiB, of which a heap of 4 GiB holds less than all of it: they grow to 1.7 times the estimate.
  t.equal(parts('mobilenet-v2-small'), 3)
  t.ok(parts('vgg-16') > MOST_WASM_PARTS)
  t.equal(countWasmParts({ weightBytes: 5 * 1024 ** 3, activationBytes: 1, totalBytes: 0 }), Infinity)
})
