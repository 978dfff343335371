import t from 'tap'
import { architectures, findArchitecture } from '../../src/networks/architectures/index.js'
import type { Network } from '../../src/networks/network.js'

const rows = (network: Network) =>
  network.layers.map(({ type, outputShape, parameters }) => [type, outputShape.join('x'), parameters])

function build(id: string, options: Parameters<(typeof architectures)[number]['build']>[0] = {}): Network {
  const architecture = findArchitecture(id)
  if (!architecture) throw new Error(`no architecture ${id}`)
  return architecture.build(options)
}

/** For each size of image on the way, what the last layer of that size gives. */
function stages(network: Network): string[] {
  const images = network.layers.filter(({ outputShape }) => outputShape.length === 3)
  const lastOfSize = new Map(
    images.map(({ outputShape }) => [outputShape.slice(0, 2).join(), outputShape.join('x')]),
  )
  return [...lastOfSize.values()]
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

t.test(
  'LeNet-5 of 1998 has the trainable parameters of LeCun et al., section II.B, layer by layer',
  async t => {
    const network = build('lenet-5-1998')
    const trainable = (from: number, to: number) =>
      network.layers
        .slice(from, to)
        .flatMap(layer => layer.weights.filter(weight => weight.trainable).map(weight => weight.shape))
        .reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)
    const at = (type: string, nth: number) => {
      const places = network.layers.flatMap((layer, place) => (layer.type === type ? [place] : []))
      return places[nth] ?? Number.NaN
    }
    const [s2, c3, s4] = [at('depthwiseConv2d', 0), at('conv2d', 1), at('depthwiseConv2d', 1)]
    t.equal(trainable(0, 1), 156, 'C1')
    t.equal(trainable(s2, s2 + 1), 12, 'S2')
    t.equal(trainable(c3, s4), 1516, 'C3')
    t.equal(trainable(s4, s4 + 1), 32, 'S4')
    t.equal(trainable(s4 + 1, s4 + 2), 48_120, 'C5')
    t.equal(trainable(at('dense', 0), at('dense', 0) + 1), 10_164, 'F6')
    t.equal(network.trainableParameters, 60_000, 'trainable parameters in all')
    t.equal(network.parameters, 60_850, 'with the fixed centres of the output')
    t.strictSame(stages(network), ['28x28x6', '14x14x6', '10x10x16', '5x5x16', '1x1x120'])
    t.strictSame(stages(build('lenet-5-1998', { inputShape: [28, 28, 1] })).slice(0, 2), [
      '32x32x1',
      '28x28x6',
    ])
  },
)

t.test('C3 has the 151,600 connections of the paper, and its maps read what table I says', async t => {
  const network = build('lenet-5-1998')
  const maps = network.layers.filter(layer => layer.type === 'conv2d' && layer.filters === 1)
  const connections = maps.reduce((sum, map) => sum + map.multiplyAdds + 100, 0)
  t.equal(connections, 151_600)
  const readBy = (index: number): number[] => {
    const layer = network.layers[index]
    if (layer?.type === 'cropChannels') {
      return Array.from({ length: layer.outputShape[2] ?? 0 }, (_, i) => (layer.before + i) % 6)
    }
    return layer?.inputs.flatMap(readBy) ?? []
  }
  const table = maps.map(map => map.inputs.flatMap(readBy).sort().join(''))
  t.strictSame(table, [
    ...['012', '123', '234', '345', '045', '015'],
    ...['0123', '1234', '2345', '0345', '0145', '0125'],
    ...['0134', '1245', '0235'],
    '012345',
  ])
})

t.test(
  'the output of LeNet-5 of 1998 is the negative distance from each digit, but for what all share',
  async t => {
    const output = build('lenet-5-1998').layers.at(-1)
    const [kernel = [], bias = []] = (output?.weights ?? []).map(({ initializer }) =>
      typeof initializer === 'string' ? [] : initializer,
    )
    t.ok(output?.weights.every(weight => !weight.trainable))
    const centre = (digit: number) => Array.from({ length: 84 }, (_, i) => (kernel[10 * i + digit] ?? 0) / 2)
    const x = Array.from({ length: 84 }, (_, i) => Math.sin(i))
    const logit = (digit: number) =>
      (bias[digit] ?? 0) + x.reduce((sum, value, i) => sum + value * (kernel[10 * i + digit] ?? 0), 0)
    const distance = (digit: number) =>
      centre(digit).reduce((sum, value, i) => sum + (value - (x[i] ?? 0)) ** 2, 0)
    for (let digit = 0; digit < 10; digit++) {
      const shared = logit(0) + distance(0)
      t.ok(Math.abs(logit(digit) + distance(digit) - shared) < 1e-9, `digit ${digit}`)
      t.ok(
        centre(digit).every(value => Math.abs(value) === 1),
        'its centre is black and white',
      )
    }
    t.equal(new Set(Array.from({ length: 10 }, (_, digit) => centre(digit).join())).size, 10)
  },
)

const torchvision = 'torchvision 0.28'
const kuangliu = 'kuangliu/pytorch-cifar at 49b7aa9'
const akamaster = 'akamaster/pytorch_resnet_cifar10 at d5489e8'
const keras = 'keras.applications of Keras 3.15'
const darknet = 'cfg/csresnet50.cfg of WongKinYiu/CrossStagePartialNetworks at 8786894'

/** Counted by running or reading the source named; `undefined` where it does not say. */
const counts: {
  id: string
  widthMultiplier?: number
  trainable: number
  total?: number
  multiplyAdds?: number
  source: string
}[] = [
  {
    id: 'alexnet',
    trainable: 60_965_224,
    source: 'the published Caffe model bvlc_alexnet, whose layers 2, 4 and 5 have two groups',
  },
  {
    id: 'alexnet-ungrouped',
    trainable: 62_378_344,
    source: 'Keras, for the code example of the lesson on AlexNet',
  },
  {
    id: 'vgg-11',
    trainable: 132_863_336,
    total: 132_863_336,
    multiplyAdds: 7_609_090_048,
    source: torchvision,
  },
  {
    id: 'vgg-13',
    trainable: 133_047_848,
    total: 133_047_848,
    multiplyAdds: 11_308_466_176,
    source: torchvision,
  },
  {
    id: 'vgg-16',
    trainable: 138_357_544,
    total: 138_357_544,
    multiplyAdds: 15_470_264_320,
    source: torchvision,
  },
  {
    id: 'vgg-11-small',
    trainable: 9_231_114,
    total: 9_236_618,
    multiplyAdds: 152_769_536,
    source: kuangliu,
  },
  {
    id: 'vgg-13-small',
    trainable: 9_416_010,
    total: 9_421_898,
    multiplyAdds: 228_267_008,
    source: kuangliu,
  },
  {
    id: 'vgg-16-small',
    trainable: 14_728_266,
    total: 14_736_714,
    multiplyAdds: 313_201_664,
    source: kuangliu,
  },
  { id: 'resnet-20', trainable: 269_722, total: 271_098, multiplyAdds: 40_551_040, source: akamaster },
  { id: 'resnet-32', trainable: 464_154, total: 466_426, multiplyAdds: 68_862_592, source: akamaster },
  { id: 'resnet-44', trainable: 658_586, total: 661_754, multiplyAdds: 97_174_144, source: akamaster },
  {
    id: 'resnet-18',
    trainable: 11_689_512,
    total: 11_699_112,
    multiplyAdds: 1_814_073_344,
    source: torchvision,
  },
  {
    id: 'resnet-34',
    trainable: 21_797_672,
    total: 21_814_696,
    multiplyAdds: 3_663_761_408,
    source: torchvision,
  },
  {
    id: 'resnet-18-small',
    trainable: 11_173_962,
    total: 11_183_562,
    multiplyAdds: 555_422_720,
    source: kuangliu,
  },
  {
    id: 'resnet-34-small',
    trainable: 21_282_122,
    total: 21_299_146,
    multiplyAdds: 1_159_402_496,
    source: kuangliu,
  },
  { id: 'mobilenet-v1', trainable: 4_231_976, total: 4_253_864, source: keras },
  { id: 'mobilenet-v1', widthMultiplier: 0.5, trainable: 1_331_592, total: 1_342_536, source: keras },
  { id: 'mobilenet-v1', widthMultiplier: 0.25, trainable: 470_072, total: 475_544, source: keras },
  {
    id: 'mobilenet-v1-small',
    trainable: 3_217_226,
    total: 3_239_114,
    multiplyAdds: 46_354_432,
    source: kuangliu,
  },
  {
    id: 'mobilenet-v2',
    trainable: 3_504_872,
    total: 3_538_984,
    multiplyAdds: 300_774_272,
    source: torchvision,
  },
  {
    id: 'mobilenet-v2',
    widthMultiplier: 0.5,
    trainable: 1_968_680,
    total: 1_987_224,
    multiplyAdds: 97_131_840,
    source: torchvision,
  },
  { id: 'mobilenet-v2', widthMultiplier: 0.35, trainable: 1_677_128, total: 1_691_208, source: keras },
  { id: 'mobilenet-v2', widthMultiplier: 1.4, trainable: 6_108_776, total: 6_156_712, source: keras },
  {
    id: 'mobilenet-v2-small',
    trainable: 2_236_682,
    total: 2_270_794,
    multiplyAdds: 87_976_448,
    source: `${torchvision}, for 10 classes, with both strides set to 1`,
  },
  {
    id: 'cspresnet-50',
    trainable: 21_607_848,
    total: 21_648_040,
    multiplyAdds: 4_483_686_400,
    source: darknet,
  },
]

t.test('parameters and multiply-adds are those of the sources', async t => {
  for (const { id, widthMultiplier = 1, trainable, total, multiplyAdds, source } of counts) {
    const network = build(id, { widthMultiplier })
    const name = widthMultiplier === 1 ? id : `${id} at width ${widthMultiplier}`
    t.equal(network.trainableParameters, trainable, `${name}: trainable parameters of ${source}`)
    if (total !== undefined) t.equal(network.parameters, total, `${name}: all parameters of ${source}`)
    if (multiplyAdds !== undefined) {
      t.equal(network.multiplyAdds, multiplyAdds, `${name}: multiply-adds of ${source}`)
    }
  }
})

t.test('costs are those that the papers print', async t => {
  const millions = (id: string) => Math.round(build(id).multiplyAdds / 1e6)
  t.equal(millions('alexnet'), 724, 'Sze et al., Proceedings of the IEEE 105(12), 2017, table II')
  t.equal(millions('mobilenet-v1'), 569, 'Howard et al., 2017, table 4')
  t.equal(millions('mobilenet-v2'), 301, 'Sandler et al., 2018, table 4: 300 million')
  t.equal(build('resnet-18').multiplyAdds.toPrecision(2), '1.8e+9', 'He et al., 2016, table 1')
  t.equal((build('resnet-34').multiplyAdds / 1e9).toFixed(1), '3.7', 'He et al., 2016, table 1: 3.6, cut off')
  const csp = build('cspresnet-50')
  t.equal((2 * csp.multiplyAdds) / 1e9, 8.9673728, 'the authors’ README: 8.97 BFLOPs, two a multiply-add')
  const normalized = csp.layers.filter(layer => layer.type === 'batchNormalization')
  const scales = normalized.reduce((sum, layer) => sum + layer.parameters / 2, 0)
  t.equal(csp.trainableParameters - scales, 21_567_656, 'the authors’ README: 21.57M, without scales')
})

t.test('stages have the shapes of the papers’ tables', async t => {
  const expected: Record<string, string[]> = {
    'alexnet-ungrouped': ['55x55x96', '27x27x256', '13x13x256', '6x6x256'],
    alexnet: ['55x55x48', '27x27x128', '13x13x128', '6x6x256'],
    'vgg-16': ['224x224x64', '112x112x128', '56x56x256', '28x28x512', '14x14x512', '7x7x512'],
    'resnet-20': ['32x32x16', '16x16x32', '8x8x64'],
    'resnet-18': ['112x112x64', '56x56x64', '28x28x128', '14x14x256', '7x7x512'],
    'resnet-34': ['112x112x64', '56x56x64', '28x28x128', '14x14x256', '7x7x512'],
    'mobilenet-v1': ['112x112x64', '56x56x128', '28x28x256', '14x14x512', '7x7x1024'],
    'cspresnet-50': ['128x128x64', '64x64x128', '32x32x256', '16x16x512', '8x8x1024'],
    'cspresnet-20': ['32x32x16', '16x16x32', '8x8x64'],
  }
  for (const [id, shapes] of Object.entries(expected)) t.strictSame(stages(build(id)), shapes, id)
  const sums = build('mobilenet-v2').layers.filter(layer => layer.type === 'add')
  t.strictSame(
    [...new Set(sums.map(layer => layer.outputShape.join('x')))],
    ['56x56x24', '28x28x32', '14x14x64', '14x14x96', '7x7x160'],
    'the inverted residuals of MobileNet v2',
  )
  t.strictSame(stages(build('mobilenet-v2')).at(-1), '7x7x1280')
})

t.test('a network has as many layers with weights as its name says', async t => {
  for (const [id, depth] of [
    ['vgg-11', 11],
    ['vgg-16', 16],
    ['resnet-20', 20],
    ['resnet-44', 44],
    ['resnet-18', 18 + 3],
    ['resnet-34', 34 + 3],
  ] as const) {
    const weighted = build(id).layers.filter(layer => layer.type === 'conv2d' || layer.type === 'dense')
    t.equal(weighted.length, depth, `${id}; three projections are not counted`)
  }
})

t.test('a CSP-ResNet costs less than the ResNet of its plan', async t => {
  const [plain, partial] = [build('resnet-20'), build('cspresnet-20')]
  t.ok(partial.multiplyAdds < 0.5 * plain.multiplyAdds)
  t.ok(partial.parameters < 0.5 * plain.parameters)
})

t.test('every architecture ends in one probability a class, names its source, and has its id', async t => {
  t.equal(new Set(architectures.map(({ id }) => id)).size, architectures.length)
  for (const architecture of architectures) {
    const network = architecture.build()
    t.equal(network.name, architecture.id)
    t.strictSame(network.inputShape, architecture.inputShape)
    t.strictSame(network.outputShape, [architecture.classes])
    t.match(network.layers.at(-1), { type: 'dense', activation: 'softmax' })
    t.match(architecture.source, /\d{4}/, 'the source has a year')
  }
})

t.test('every architecture takes grey and coloured images, or says from which size on', async t => {
  const large = new Set(['alexnet', 'alexnet-ungrouped'])
  const atLeast32 = new Set([...large, 'vgg-11', 'vgg-13', 'vgg-16'])
  for (const { id, minimumSize, build } of architectures) {
    for (const inputShape of [[28, 28, 1] as const, [32, 32, 3] as const, [48, 64, 3] as const]) {
      const options = { inputShape, classes: 7 }
      const tooSmall = large.has(id) || (inputShape[0] < 32 && atLeast32.has(id))
      if (tooSmall) {
        const message = `${id} takes images of at least ${minimumSize}x${minimumSize} pixels, not ${inputShape[0]}x${inputShape[1]}`
        t.throws(() => build(options), { name: 'NetworkError', message })
      } else {
        t.strictSame(build(options).outputShape, [7], `${id} of ${inputShape.join('x')}`)
      }
    }
  }
})

t.test('the smallest size that an architecture states is enough', async t => {
  for (const { id, minimumSize, build } of architectures) {
    const network = build({ inputShape: [minimumSize, minimumSize, 2], classes: 2 })
    t.strictSame(network.outputShape, [2], `${id} of ${minimumSize}x${minimumSize}`)
  }
})

t.test('dropout stands where the papers have it and costs no parameter', async t => {
  for (const { id, build } of architectures) {
    const dropouts = build({ dropout: 0.5 }).layers.filter(layer => layer.type === 'dropout')
    t.ok(dropouts.length >= 1 && dropouts.every(layer => layer.rate === 0.5), id)
    t.equal(build({ dropout: 0.5 }).parameters, build().parameters)
  }
  t.match(build('lenet-5', { dropout: 0.5 }).layers.at(-2), { type: 'dropout', outputShape: [84] })
  const vgg = build('vgg-16', { dropout: 0.5 })
    .layers.slice(-5)
    .map(layer => layer.type)
  t.strictSame(vgg, ['dense', 'dropout', 'dense', 'dropout', 'dense'])
})

t.test('an option that an architecture does not have is refused', async t => {
  t.throws(() => build('resnet-20', { widthMultiplier: 2 }), /resnet-20 has one width/)
  t.throws(() => build('simple-cnn', { classes: 1 }), /simple-cnn tells 2 or more classes apart, not 1/)
  t.throws(() => build('lenet-5-1998', { classes: 11 }), /tells 2 to 10 classes apart, not 11/)
  t.throws(() => build('simple-cnn', { inputShape: [28, 28, 0] }), /must be positive integers/)
})
