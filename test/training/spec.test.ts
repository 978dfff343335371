import t from 'tap'
import {
  architectures,
  childCommand,
  findDataset,
  findUnavailable,
  planRun,
  resolveNetwork,
  runEvent,
  type TrainingSpecInput,
  trainingSpec,
  validateSpec,
} from '../../src/training/contract.js'
import { overrideSpec } from '../../src/training/spec/network-spec.js'

const least = { architecture: 'lenet-5', dataset: 'mnist' }
const check = (fields: Partial<TrainingSpecInput>) =>
  validateSpec(trainingSpec.parse({ ...least, ...fields })).map(
    ({ field, message }) => `${field}: ${message}`,
  )

t.test('a run may be of some classes alone, and is planned for their images', async t => {
  t.strictSame(check({ classes: [5, 6, 7, 8, 9] }), [])
  // 6742 ones and 5421 fives.
  t.strictSame(check({ classes: [1, 5], trainingImages: 12_163, validationSplit: 0 }), [])
  t.match(check({ classes: [1, 5], trainingImages: 12_164 }), [
    /trainingImages: 'mnist' has only 12163 training images of these classes/,
  ])
  t.match(check({ classes: [0, 10] }), [/classes: 'mnist' has 10 classes, 0 to 9: there is no class 10/])
  const flat = [{ type: 'flatten' as const }, { type: 'dense' as const, units: 10 }]
  const ofTen = trainingSpec.parse({ dataset: 'mnist', layers: flat, classes: [3, 4] })
  t.match(validateSpec(ofTen), [{ message: /output is 10, but 'mnist' has 2 classes/ }])
  for (const classes of [[3], [3, 3], [-1, 2], Array.from({ length: 257 }, (_, i) => i)]) {
    t.equal(trainingSpec.safeParse({ ...least, classes }).success, false)
  }
})

t.test('architecture and dataset are enough: the rest has defaults', async t => {
  t.strictSame(trainingSpec.parse(least), {
    architecture: 'lenet-5',
    dataset: 'mnist',
    epochs: 3,
    batchSize: 128,
    optimizer: { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0, decayAll: false },
    learningRate: 0.001,
    schedule: { name: 'constant', warmupEpochs: 0 },
    labelSmoothing: 0,
    gradientClipping: null,
    earlyStopping: null,
    augmentation: null,
    validationSplit: 0.1,
    dropout: 0,
    seed: 42,
    engine: 'auto',
  })
  t.strictSame(trainingSpec.parse({ ...least, optimizer: { name: 'sgd' } }).optimizer, {
    name: 'sgd',
    momentum: 0,
    nesterov: false,
    weightDecay: 0,
    decayAll: false,
  })
})

t.test('every bound is held', async t => {
  const refused: Record<string, unknown>[] = [
    { epochs: 0 },
    { epochs: 101 },
    { epochs: 1.5 },
    { batchSize: 0 },
    { batchSize: 1025 },
    { learningRate: 0 },
    { learningRate: 10.1 },
    { learningRate: Number.NaN },
    { validationSplit: -0.1 },
    { validationSplit: 0.51 },
    { dropout: 0.95 },
    { trainingImages: 99 },
    { trainingImages: 70_001 },
    { seed: -1 },
    { seed: 2 ** 32 },
    { engine: 'cuda' },
    { optimizer: { name: 'adagrad' } },
    { optimizer: { name: 'sgd', momentum: 1 } },
    { optimizer: { name: 'sgd', beta1: 0.9 } },
    { architecture: 'LeNet 5' },
    { architecture: '../lenet-5' },
    { dataset: '' },
    { layers: 3 },
  ]
  for (const fields of refused) {
    t.notOk(trainingSpec.safeParse({ ...least, ...fields }).success, `refuses ${JSON.stringify(fields)}`)
  }
})

t.test('what is still to come is named, with what there is', async t => {
  const spec = trainingSpec.parse({ architecture: 'oracle-9', dataset: 'cifar-10' })
  t.strictSame(
    findUnavailable(spec).map(({ message }) => message),
    [
      `The architecture 'oracle-9' is not available; available: ${architectures.map(({ id }) => id).join(', ')}.`,
      "The dataset 'cifar-10' is not available; available: mnist, fashion-mnist, cifar-synthetic.",
    ],
  )
  t.strictSame(findUnavailable(trainingSpec.parse(least)), [])
})

t.test('the impossible is refused with what would be possible', async t => {
  t.strictSame(check({}), [])
  t.strictSame(check({ trainingImages: 100, validationSplit: 0.5, batchSize: 50 }), [])
  t.match(check({ trainingImages: 100, validationSplit: 0.5, batchSize: 51 }), [
    /^batchSize: A batch of 51 is more than the 50 training images left after 50 .* at most 50\.$/,
  ])
  t.match(check({ trainingImages: 60_001 }), [/^trainingImages: 'mnist' has only 60000 training images/])
  t.match(check({ trainingImages: 100, validationSplit: 0.001, batchSize: 10 }), [/^validationSplit: /])
  t.match(check({ optimizer: { name: 'sgd', nesterov: true } }), [/^optimizer: Nesterov momentum needs/])
  t.match(check({ architecture: 'oracle-9' }), [/^architecture: .* not available/])
})

t.test('a run counts its images and its steps, the smaller last one among them', async t => {
  const dataset = { trainingImages: 60_000, testImages: 10_000 }
  t.strictSame(planRun({ validationSplit: 0.1, batchSize: 128 }, dataset), {
    trainingImages: 54_000,
    validationImages: 6_000,
    testImages: 10_000,
    stepsPerEpoch: 422,
  })
  t.match(planRun({ trainingImages: 1000, validationSplit: 0, batchSize: 100 }, dataset), {
    trainingImages: 1000,
    validationImages: 0,
    stepsPerEpoch: 10,
  })
})

t.test('events hold finite numbers or null', async t => {
  const epoch = {
    type: 'epoch',
    epoch: 1,
    step: 10,
    loss: 0.5,
    accuracy: 0.9,
    validationLoss: null,
    validationAccuracy: null,
    seconds: 1,
    imagesPerSecond: 100,
  }
  t.ok(runEvent.safeParse(epoch).success)
  t.notOk(runEvent.safeParse({ ...epoch, loss: Number.NaN }).success)
  t.notOk(runEvent.safeParse({ ...epoch, loss: null }).success)
  t.notOk(runEvent.safeParse({ ...epoch, accuracy: 1.1 }).success)
  t.notOk(runEvent.safeParse({ ...epoch, type: 'pause' }).success)
})

t.test('a child takes no command that it does not know', async t => {
  t.ok(childCommand.safeParse({ kind: 'stop' }).success)
  t.notOk(childCommand.safeParse({ kind: 'stop', now: true }).success)
  t.notOk(childCommand.safeParse({ kind: 'predict', id: '1', modelDirectory: '/m', images: [] }).success)
  t.notOk(childCommand.safeParse({ kind: 'train', spec: { ...least, epochs: 1000 }, attempt: 1 }).success)
})

const flat = [{ type: 'flatten' }, { type: 'dense', units: 10 }] as const
const program = (rest = '') => `import keras
model = keras.Sequential([
    keras.layers.Flatten(input_shape=(28, 28, 1)),
    keras.layers.Dense(10, activation="softmax"),
])
${rest}`
const json = JSON.stringify({
  class_name: 'Sequential',
  config: [
    { class_name: 'Flatten', config: { name: 'flatten' } },
    { class_name: 'Dense', config: { name: 'dense', units: 10 } },
  ],
})

t.test('a network is named, listed, or given in Keras’ words, in exactly one way', async t => {
  const dataset = findDataset('mnist')
  if (!dataset) throw new Error('no MNIST')
  const ways = [
    { architecture: 'resnet-20' },
    { architecture: 'mobilenet-v1-small', widthMultiplier: 0.25 },
    { layers: flat },
    { kerasJson: json },
    { kerasPython: program() },
  ]
  const parameters = ways.map(way => {
    const spec = trainingSpec.parse({ dataset: 'mnist', ...way })
    t.strictSame(validateSpec(spec), [])
    t.strictSame(trainingSpec.parse(spec), spec, 'a spec that was parsed is parsed to itself')
    const resolved = resolveNetwork(spec, dataset)
    return 'network' in resolved ? resolved.network.parameters : resolved.problems
  })
  t.strictSame(parameters, [270_810, 220_970, 7850, 7850, 7850])
  for (const [spec, path] of [
    [{ dataset: 'mnist' }, 'architecture'],
    [{ dataset: 'mnist', architecture: 'lenet-5', layers: flat }, 'layers'],
    [{ dataset: 'mnist', kerasJson: json, kerasPython: program() }, 'kerasPython'],
  ] as const) {
    t.match(trainingSpec.safeParse(spec).error?.issues, [{ path: [path] }])
  }
})

t.test('a Keras program says how it is trained, unless the spec does', async t => {
  const kerasPython = program(
    'model.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "sparse_categorical_crossentropy")\n' +
      'model.fit(x, y, batch_size=64, epochs=7, validation_split=0.2)\n',
  )
  const spec = trainingSpec.parse({ dataset: 'mnist', kerasPython, epochs: 2 })
  t.match(spec, {
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
    learningRate: 0.05,
    batchSize: 64,
    epochs: 2,
    validationSplit: 0.2,
  })
  const optimizerOf = (call: string) => {
    const { optimizer, learningRate } = trainingSpec.parse({
      dataset: 'mnist',
      kerasPython: program(`model.compile(${call})`),
    })
    return { ...optimizer, learningRate }
  }
  t.match(
    optimizerOf('"sgd"'),
    { name: 'sgd', momentum: 0, learningRate: 0.01 },
    'Keras’ default rate of SGD',
  )
  t.match(optimizerOf('keras.optimizers.Adam(weight_decay=0.1, beta_1=0.8)'), {
    name: 'adamw',
    weightDecay: 0.1,
    beta1: 0.8,
    learningRate: 0.001,
  })
  t.match(optimizerOf('optimizer="adagrad"'), { name: 'adam' }, 'one that a run has not is left out')
  const tooLong = program('model.fit(x, y, epochs=5000)')
  t.match(trainingSpec.safeParse({ dataset: 'mnist', kerasPython: tooLong }).error?.issues, [
    { path: ['epochs'] },
  ])
})

t.test('a network that does not suit is refused with what to change, and where', async t => {
  const problems = (fields: Record<string, unknown>) =>
    validateSpec(trainingSpec.parse({ dataset: 'mnist', ...fields }))
  t.match(problems({ kerasPython: program('model.pop()') }), [
    { field: 'kerasPython', line: 6, column: 1, message: /^Line 6, column 1: what .pop\(\)/ },
  ])
  t.match(problems({ kerasJson: '{}' }), [{ field: 'kerasJson', message: /to_json/ }])
  t.match(problems({ layers: [{ type: 'flatten' }, { type: 'dense', units: 9 }] }), [
    {
      field: 'layers',
      message: /output is 9, but 'mnist' has 10 classes: end it in a dense layer of 10 units/,
    },
  ])
  t.match(problems({ layers: [{ type: 'dense', units: 10 }] }), [
    { field: 'layers', message: /^layer 1 \(dense\): a dense layer takes a vector/ },
  ])
  t.match(problems({ layers: [{ type: 'flatten' }, { type: 'dense', units: 10, trainable: false }] }), [
    { field: 'layers', message: /nothing to train/ },
  ])
  t.match(problems({ architecture: 'alexnet' }), [
    { field: 'architecture', message: /alexnet takes images of at least 67x67 pixels, not 28x28/ },
  ])
  t.match(problems({ architecture: 'resnet-20', widthMultiplier: 2 }), [
    { message: /resnet-20 has one width/ },
  ])
  t.match(problems({ layers: flat, dropout: 0.5, widthMultiplier: 2 }), [
    { field: 'dropout' },
    { field: 'widthMultiplier' },
  ])
})

t.test('a run that would not fit into an engine’s memory is refused with the batch that would', async t => {
  const large = { architecture: 'resnet-34-small', dataset: 'mnist', batchSize: 1024 }
  const [problem] = validateSpec(trainingSpec.parse({ ...large, engine: 'wasm' }))
  t.match(problem, {
    field: 'batchSize',
    message: /more than the 1\d(\.\d)? GiB .* at most \d+, a smaller network, or another/,
  })
  const fitting = Number(/at most (\d+)/.exec(problem?.message ?? '')?.[1])
  t.strictSame(validateSpec(trainingSpec.parse({ ...large, engine: 'wasm', batchSize: fitting })), [])
  t.match(validateSpec(trainingSpec.parse({ ...large, engine: 'wasm', batchSize: fitting + 1 })), [{}])
  t.strictSame(validateSpec(trainingSpec.parse({ ...large, engine: 'tensorflow' })), [])
  const wide = Array.from({ length: 8 }, () => ({ type: 'dense', units: 65_536 }))
  t.match(validateSpec(trainingSpec.parse({ dataset: 'mnist', layers: [flat[0], ...wide, flat[1]] })), [
    { field: 'batchSize', message: /more than the 256 GiB that is sensible: use a smaller network\.$/ },
  ])
  const doubling = Array.from({ length: 60 }, (_, i) => ({
    type: 'concatenate',
    name: `d${i}`,
    inputs: i === 0 ? ['input', 'input'] : [`d${i - 1}`, `d${i - 1}`],
  }))
  t.match(validateSpec(trainingSpec.parse({ dataset: 'mnist', layers: [...doubling, ...flat] })), [
    {
      field: 'batchSize',
      message: /takes about .* TiB, more than the 256 GiB that is sensible: use a smaller network\.$/,
    },
  ])
})

t.test('another network takes the place of a lab’s whole one', async t => {
  const lab = { architecture: 'mobilenet-v1-small', widthMultiplier: 0.5, dataset: 'mnist', epochs: 9 }
  t.strictSame(overrideSpec(lab, { layers: flat }), { dataset: 'mnist', epochs: 9, layers: flat })
  t.strictSame(overrideSpec(lab, { epochs: 1 }), { ...lab, epochs: 1 })
})
