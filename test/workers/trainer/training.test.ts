import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import {
  confidence,
  decodeTestPredictions,
  findArchitecture,
  predictedClass,
  rankImages,
  type TrainerEvent,
  type TrainingSpecInput,
  testImagesFile,
  testPredictionsFile,
  trainingSpec,
} from '../../../src/training/contract.js'
import { loadDataset } from '../../../workers/datasets/load-dataset.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { readBatch, toTensors } from '../../../workers/trainer/batches.js'
import { checkImages } from '../../../workers/trainer/check-images.js'
import { checkMemory } from '../../../workers/trainer/check-memory.js'
import { describeFailure } from '../../../workers/trainer/failure.js'
import { forward } from '../../../workers/trainer/forward.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'
import { loadModel } from '../../../workers/trainer/predictor.js'
import { saveModel } from '../../../workers/trainer/save-model.js'
import { selectImages } from '../../../workers/trainer/select-images.js'
import { train } from '../../../workers/trainer/train.js'
import { createState, disposeState } from '../../../workers/trainer/training-state.js'
import { Child, isEvent, isKind } from './child.js'

const directory = await mkdtemp(join(tmpdir(), 'lyceum-trainer-'))
t.teardown(() => rm(directory, { recursive: true }))
const datasetsDirectory = join(directory, 'datasets')

async function launch(fields: Partial<TrainingSpecInput>) {
  const outputDirectory = await mkdtemp(join(directory, 'run-'))
  const child = new Child()
  t.teardown(() => child.process.kill('SIGKILL'))
  const spec = { architecture: 'lenet-5', dataset: 'mnist', engine: 'wasm', trainingImages: 300, ...fields }
  child.send({ kind: 'train', spec, attempt: 1, datasetsDirectory, outputDirectory })
  return { child, outputDirectory }
}

/** A short run to its end. */
async function run(fields: Partial<TrainingSpecInput>) {
  const { child, outputDirectory } = await launch(fields)
  const code = await child.exited
  const events = child.reports.flatMap(report => (report.kind === 'event' ? [report.event] : []))
  return { code, events, last: child.reports.at(-1), outputDirectory }
}

const find = <T extends TrainerEvent['type']>(events: TrainerEvent[], type: T) =>
  events.filter((event): event is Extract<TrainerEvent, { type: T }> => event.type === type)

t.test('a run reports its beginning, its steps, its epochs and its end, and leaves', async t => {
  const { code, events, last, outputDirectory } = await run({
    epochs: 2,
    batchSize: 64,
    dropout: 0.2,
    augmentation: { shift: 0.1 },
    earlyStopping: { patience: 2 },
  })
  t.equal(code, 0)
  t.match(events[0], {
    type: 'started',
    engine: 'wasm',
    device: /WebAssembly/,
    parameters: 61_706,
    trainingImages: 270,
    validationImages: 30,
    testImages: 10_000,
    stepsPerEpoch: 5,
    epochs: 2,
  })
  const epochs = find(events, 'epoch')
  t.strictSame(
    epochs.map(({ epoch, step }) => [epoch, step]),
    [
      [1, 5],
      [2, 10],
    ],
  )
  t.ok((epochs[1]?.loss ?? 9) < (epochs[0]?.loss ?? 0), 'the loss falls')
  t.strictSame(
    epochs.map(({ best }) => best),
    [true, true],
    'each is better than the one before',
  )
  const [finished] = find(events, 'finished')
  t.match(finished, { endedBy: 'epochs', keptEpoch: 2 })
  const matrix = finished?.confusionMatrix ?? []
  t.strictSame(
    matrix.map(row => row.reduce((sum, count) => sum + count, 0)),
    [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    'the rows of the confusion matrix are the classes of the test images',
  )
  const right = matrix.reduce((sum, row, index) => sum + (row[index] ?? 0), 0)
  t.equal(finished?.testAccuracy, right / 10_000, 'its diagonal is the accuracy')
  t.ok(right > 2000, `${right} of 10,000 are right after ten steps, where chance gives 1,000`)
  const files = ['model.json', 'weights.bin', testImagesFile, testPredictionsFile]
  t.strictSame(last, { kind: 'finished', files })
  t.strictSame((await readdir(outputDirectory)).sort(), files.toSorted())
  const predictions = decodeTestPredictions(await readFile(join(outputDirectory, testPredictionsFile)))
  const sizes = finished?.confusionMatrix.map((row, label) =>
    row.map((_, guess) => rankImages(predictions, (is, was) => is === label && was === guess).length),
  )
  t.strictSame(sizes, finished?.confusionMatrix)

  const samples = find(events, 'samples')
  t.strictSame(
    samples.map(({ epoch, images }) => [epoch, images.map(({ label }) => label)]),
    [1, 2].map(epoch => [epoch, ['0', '1', '2', '3', '4', '5', '6', '7']]),
    'the same images at the end of each epoch, one of a class',
  )
  for (const { index, label, predicted, probability } of samples.at(-1)?.images ?? []) {
    t.equal(`${predictions.labels[index]}`, label)
    t.equal(`${predictedClass(predictions, index)}`, predicted, 'what the test says of the same weights')
    t.ok(Math.abs(confidence(predictions, index) - probability) < 1e-5)
  }
  const shown = samples.map(({ images }) => images.filter(({ thumbnail }) => thumbnail !== undefined))
  t.strictSame(
    shown.map(({ length }) => length),
    [8, 0],
    'the images themselves once',
  )
  const [, png = ''] = shown[0]?.[0]?.thumbnail?.split('base64,') ?? []
  t.match(await sharp(Buffer.from(png, 'base64')).metadata(), { format: 'png', width: 28, height: 28 })
})

t.test('the same seed gives the same bits, in another process too', async t => {
  const fields = { trainingImages: 200, batchSize: 64, epochs: 1, dropout: 0.3, validationSplit: 0, seed: 7 }
  const [first, second] = [await run(fields), await run(fields)]
  const weightsOf = (folder: string) => readFile(join(folder, 'weights.bin'))
  const weights = await weightsOf(first.outputDirectory)
  t.equal(weights.length, 61_706 * 4)
  t.ok(weights.equals(await weightsOf(second.outputDirectory)), 'every bit of every weight')
  const [epoch] = find(first.events, 'epoch')
  t.match(epoch, { step: 4, validationLoss: null, validationAccuracy: null }, 'no validation is said as null')
})

t.test('images of which nothing can be learned are refused', async t => {
  const dataset = await loadDataset('mnist', datasetsDirectory)
  const only = Uint32Array.from(dataset.training.labels.entries(), ([index, label]) =>
    label === 7 ? index : -1,
  ).filter(index => index < dataset.training.count)
  const images = { training: only, validation: only, test: only }
  const refusal = (...given: Parameters<typeof checkImages>) => {
    try {
      return checkImages(...given)
    } catch (error) {
      return describeFailure(error)
    }
  }
  t.match(refusal(dataset, images), {
    code: 'DATASET_ONE_CLASS',
    message: /all of the class '7'/,
    fault: 'spec',
  })
  const { description } = dataset
  const unnamed = { ...dataset, description: { ...description, classNames: ['0', '1'] } }
  t.match(refusal(unnamed, { ...images, training: Uint32Array.of(0, 1, 2, 3) }), {
    code: 'DATASET_LABEL_UNKNOWN',
    message: /has the label 5, and there are 2 classes/,
  })
})

t.test('another seed begins elsewhere and sees other images', async t => {
  const { tf } = await openEngine('wasm')
  const network = findArchitecture('lenet-5')?.build({ dropout: 0 })
  const dataset = await loadDataset('mnist', datasetsDirectory)
  if (!network) throw new Error('no LeNet-5')
  const begin = async (seed: number) => {
    const weights = initializeWeights(tf, network, seed)
    const values = await Promise.all(weights.map(weight => weight.data()))
    tf.dispose(weights)
    const spec = trainingSpec.parse({ architecture: 'lenet-5', dataset: 'mnist', trainingImages: 100, seed })
    const images = selectImages(spec, dataset)
    return {
      kernel: [...(values[0] ?? [])],
      training: [...images.training],
      validation: [...images.validation],
    }
  }
  const [seven, eight] = [await begin(7), await begin(8)]
  t.notSame(seven.kernel, eight.kernel)
  t.notSame(seven.training, eight.training)
  t.strictSame([seven.training.length, seven.validation.length], [90, 10])
  t.strictSame(
    seven.training.filter(index => seven.validation.includes(index)),
    [],
    'no image is trained on and validated with',
  )
})

t.test('a run that is told to stop does so after its step, and writes nothing', async t => {
  const { child, outputDirectory } = await launch({ epochs: 100, trainingImages: 20_000 })
  await child.until(isEvent('step'))
  child.send({ kind: 'stop' })
  await child.until(isKind('stopped'))
  t.equal(await child.exited, 0)
  t.strictSame(await readdir(outputDirectory), [])
})

t.test('a child whose supervisor is gone leaves', async t => {
  const { child } = await launch({ epochs: 100, trainingImages: 20_000 })
  await child.until(isEvent('step'))
  child.process.disconnect()
  t.equal(await child.exited, 0)
})

t.test('a loss that is no number fails the run with the step and what to do', async t => {
  const engine = await openEngine('wasm')
  const dataset = await loadDataset('mnist', datasetsDirectory)
  const network = findArchitecture('simple-cnn')?.build({ dropout: 0 })
  if (!network) throw new Error('no simple CNN')
  const least = {
    architecture: 'simple-cnn',
    dataset: 'mnist',
    trainingImages: 300,
    optimizer: { name: 'sgd' },
  }
  // A rate that no spec may ask for, so that the second step's numbers overflow for certain.
  const spec = { ...trainingSpec.parse(least), learningRate: 1e30 }
  const task = { spec, network, dataset, images: selectImages(spec, dataset) }
  const before = engine.tf.memory().numTensors
  const state = createState(engine.tf, task)
  const { signal } = new AbortController()
  const error = await train(engine, task, state, { emit: () => {} }, signal).catch(describeFailure)
  disposeState(engine.tf, state)
  t.match(error, {
    code: 'TRAINING_DIVERGED',
    message: 'The loss was no longer a finite number at step 2.',
    hint: /learning rate/,
    fault: 'spec',
  })
  t.equal(engine.tf.memory().numTensors, before, 'no tensor is left behind')
})

t.test('a step that the machine cannot hold ends the run before it begins', async t => {
  const memory = { weightBytes: 0, activationBytes: 2 ** 50, totalBytes: 2 ** 50 }
  const check = async (gpu: boolean) => checkMemory({ gpu }, { memory })
  t.match(await check(false).catch(describeFailure), {
    code: 'OUT_OF_MEMORY',
    message: /^A step of training takes about 1,024 TiB, and this worker has [\d.]+ GiB\.$/,
    fault: 'machine',
  })
  t.equal(await check(true), undefined, 'a GPU has memory of its own')
})

t.test('a run trains the Keras code of a lesson as it stands', async t => {
  const path = 'content/deep-learning-basics/lenet-5/code/lenet5.py'
  const kerasPython = await readFile(path, 'utf8')
  const { events, last } = await run({ architecture: undefined, kerasPython, trainingImages: 200, epochs: 1 })
  t.match(events[0], { type: 'started', architecture: 'keras-model', parameters: 61_706, stepsPerEpoch: 2 })
  t.match(last, { kind: 'finished' })
})

t.test('what cannot be run is refused before it begins', async t => {
  const unknown = await run({ architecture: 'oracle-9' })
  t.match(unknown.last, {
    kind: 'failed',
    code: 'SPEC_IMPOSSIBLE',
    message: /oracle-9.*simple-cnn/,
    fault: 'spec',
  })
  t.strictSame(unknown.events, [])
  const narrow = await run({
    architecture: undefined,
    layers: [
      { type: 'conv2d', filters: 4, kernelSize: 29 },
      { type: 'flatten' },
      { type: 'dense', units: 10 },
    ],
  })
  t.match(narrow.last, { kind: 'failed', code: 'SPEC_IMPOSSIBLE', message: /layer 1 .conv2d.: its 29x29/ })
  const empty = await run({
    architecture: undefined,
    layers: [{ type: 'flatten' }, { type: 'dense', units: 0 }],
  })
  t.match(empty.last, { kind: 'failed', code: 'COMMAND_INVALID', message: /units/ })
  const large = await run({ trainingImages: 100, batchSize: 128 })
  t.match(large.last, { kind: 'failed', code: 'SPEC_IMPOSSIBLE', hint: /batchSize/ })
})

t.test('an engine that is asked for by name and missing fails the run with what to do', async t => {
  if (
    await openEngine('tensorflow').then(
      () => true,
      () => false,
    )
  ) {
    t.pass('tensorflow is present')
    return
  }
  const { last } = await run({ engine: 'tensorflow' })
  t.match(last, { kind: 'failed', code: 'ENGINE_UNAVAILABLE', message: /tfjs-node-gpu/, fault: 'machine' })
})

t.test('a command that is none ends the child with a report', async t => {
  const child = new Child()
  child.send({ kind: 'train', spec: {} })
  t.match(await child.until(isKind('failed')), { code: 'COMMAND_INVALID', fault: 'lyceum' })
  t.equal(await child.exited, 0)
})

t.test('a child that has nothing to do can be stopped', async t => {
  const child = new Child()
  child.send({ kind: 'stop' })
  await child.until(isKind('stopped'))
  t.equal(await child.exited, 0)
})

t.test('a saved network is a LayersModel that computes the same', async t => {
  const { tf } = await openEngine('wasm')
  const dataset = await loadDataset('mnist', datasetsDirectory)
  const { images, labels } = toTensors(
    tf,
    [28, 28, 1],
    readBatch(dataset.test, [28, 28, 1], Uint32Array.of(0, 1, 2, 3)),
  )
  const ids = ['simple-cnn', 'lenet-5', 'lenet-5-1998', 'alexnet-small', 'mobilenet-v2-small', 'cspresnet-20']
  for (const id of ids) {
    const network = findArchitecture(id)?.build({ inputShape: [28, 28, 1], dropout: 0.5 })
    if (!network) throw new Error(`no architecture ${id}`)
    const weights = initializeWeights(tf, network, 3)
    const folder = await mkdtemp(join(directory, 'model-'))
    await saveModel(network, weights, folder, { note: 'a test' })
    const model = await loadModel(folder)
    t.equal(model.countParams(), network.parameters)
    const theirs = model.predict(images)
    if (Array.isArray(theirs)) throw new Error('several outputs')
    const ours = tf.softmax(forward(tf, network, weights, images))
    const difference = await tf.max(tf.abs(tf.sub(ours, theirs))).data()
    t.ok((difference[0] ?? 1) < 1e-6, `${id}: probabilities differ by at most ${difference[0]}`)
    tf.dispose([...weights, theirs, ours])
    model.dispose()
  }
  tf.dispose([images, labels])
})
