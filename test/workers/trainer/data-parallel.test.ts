import type { Tensor } from '@tensorflow/tfjs-core'
import t, { type Test } from 'tap'
import { findArchitecture } from '../../../src/networks/architectures/index.js'
import {
  activation,
  batchNormalization,
  conv2d,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  maxPool2d,
} from '../../../src/networks/layers.js'
import type { Network } from '../../../src/networks/network.js'
import { buildSequential } from '../../../src/networks/network-builder.js'
import { optimizerSpec, type TrainingSpec } from '../../../src/training/contract.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { countReplicas } from '../../../workers/engines/count-replicas.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { Replicas } from '../../../workers/trainer/data-parallel/replicas.js'
import {
  type GradientSource,
  openGradientSource,
  type StepPass,
} from '../../../workers/trainer/gradient-source.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'
import { trainableWeights } from '../../../workers/trainer/training-step.js'
import { describeWorkload } from '../../../workers/trainer/workload.js'
import { compare, draw } from '../engines/numbers.js'

const SEED = 7
/** As a share of the largest number: float32 sums in another order. */
const TOLERANCE = 1e-5

/** Everything that looks across a batch, or draws numbers by an image's place in it. */
const network = buildSequential(
  'all-kinds',
  [8, 8, 2],
  [
    // A bias before batch normalisation has no gradient but roundings.
    conv2d(6, 3, { padding: 'same', useBias: false }),
    batchNormalization(),
    activation('tanh'),
    depthwiseConv2d(3, { useBias: false }),
    batchNormalization(),
    dropout(0.3),
    maxPool2d(2),
    flatten(),
    dense(16, { activation: 'tanh' }),
    dropout(0.5),
    dense(10, { activation: 'softmax' }),
  ],
)
const pass: StepPass = { step: 3, labelSmoothing: 0.1, trainable: trainableWeights(network) }

function batchOf(images: number) {
  const pixels = Float32Array.from(draw(images * 8 * 8 * 2, new RandomStream(1, 'subset')))
  return { pixels, labels: Int32Array.from({ length: images }, (_, index) => index % 10) }
}

const engine = await openEngine('wasm')
const { tf } = engine
const weights = initializeWeights(tf, network, SEED)

function openReplicas(t: Test, count: number): Replicas {
  const replicas = new Replicas(tf, network, SEED, count)
  t.teardown(() => replicas.close())
  return replicas
}

/** Loss, correct answers, gradients and statistics, as numbers. */
async function compute(source: GradientSource, images: number, stepPass = pass): Promise<number[][]> {
  const { loss, correct, gradients, statistics } = await source.compute(weights, batchOf(images), stepPass)
  const tensors: (Tensor | undefined)[] = [loss, correct, ...gradients, ...statistics]
  const numbers = await Promise.all(tensors.map(async tensor => (tensor ? [...(await tensor.data())] : [])))
  tf.dispose(tensors.filter(tensor => tensor !== undefined))
  return numbers
}

for (const count of [2, 3]) {
  t.test(`${count} replicas compute what one thread computes, each time to the same bits`, async t => {
    const replicas = openReplicas(t, count)
    const whole = openGradientSource({ ...engine, replicas: 1 }, network, SEED)
    const frozen = pass.trainable.map((isTrained, place) => isTrained && place > 5)
    // Of sizes that do not come out even, and one that is too small for all of them.
    for (const [images, trainable] of [
      [33, pass.trainable],
      [50, frozen],
      [2, pass.trainable],
    ] as const) {
      const stepPass = { ...pass, trainable }
      const before = tf.memory().numTensors
      const expected = await compute(whole, images, stepPass)
      const actual = await compute(replicas, images, stepPass)
      t.equal(tf.memory().numTensors, before, 'no tensor is left behind')
      t.equal(actual.length, expected.length)
      for (const [place, values] of expected.entries()) {
        const what = `${images} images: number ${place}`
        compare(t, actual[place] ?? [], Float64Array.from(values), what, TOLERANCE)
      }
      t.strictSame(await compute(replicas, images, stepPass), actual, 'the same bits')
    }
  })
}

t.test('what fails in one replica fails the step, though the others wait for it', async t => {
  const replicas = openReplicas(t, 2)
  await compute(replicas, 32)
  const { pixels, labels } = batchOf(32)
  // The first part is whole, the second lacks its last image's pixels.
  const torn = { pixels: pixels.subarray(0, 31 * 8 * 8 * 2), labels }
  await t.rejects(replicas.compute(weights, torn, pass), /provided shape/i)
})

t.test('replicas end with whoever opened them, in the midst of a step too', async t => {
  const replicas = openReplicas(t, 2)
  await compute(replicas, 64)
  let isDone = false
  replicas.compute(weights, batchOf(64), pass).then(() => {
    isDone = true
  })
  await replicas.close()
  t.notOk(isDone)
})

t.test(
  'a batch has as many replicas as threads where that pays, and as many as its memory asks for',
  async t => {
    const of = (network: Network, fields: Partial<TrainingSpec>, images: number, threads: number) => {
      const spec = { epochs: 10, batchSize: 128, optimizer: optimizerSpec.parse({ name: 'adam' }), ...fields }
      return countReplicas(describeWorkload(network, spec, images), threads)
    }
    const build = (id: string) => {
      const network = findArchitecture(id)?.build()
      if (!network) throw new Error(`no ${id}`)
      return network
    }
    const lenet = build('lenet-5')
    t.equal(of(lenet, {}, 60_000, 4), 4)
    t.equal(of(lenet, {}, 60_000, 1), 1)
    t.equal(of(lenet, {}, 1_000, 4), 1, 'it is over before a thread has started')
    t.equal(of(lenet, { batchSize: 16 }, 60_000, 4), 2, 'a thread gets 8 images at least')
    t.equal(of(build('mobilenet-v2-small'), { epochs: 1 }, 10, 1), 3, '6.2 GiB in heaps of 4')
    t.equal(of(build('vgg-16'), { batchSize: 1 }, 60_000, 4), 1, 'every thread has all weights')
  },
)

t.teardown(() => tf.dispose(weights))
