import t from 'tap'
import {
  architectures,
  childCommand,
  findUnavailable,
  planRun,
  runEvent,
  type TrainingSpecInput,
  trainingSpec,
  validateSpec,
} from '../../src/training/contract.js'

const least = { architecture: 'lenet-5', dataset: 'mnist' }
const check = (fields: Partial<TrainingSpecInput>) =>
  validateSpec(trainingSpec.parse({ ...least, ...fields })).map(
    ({ field, message }) => `${field}: ${message}`,
  )

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
      "The dataset 'cifar-10' is not available; available: mnist, fashion-mnist.",
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
