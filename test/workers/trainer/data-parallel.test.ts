import type { Tensor } from '@tensorflow/tfjs-core'
import t, { type Test } from 'tap'
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
import { NetworkBuilder } from '../../../src/networks/network-builder.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { Replicas } from '../../../workers/trainer/data-parallel/replicas.js'
import {
  countReplicas,
  type GradientSource,
  openGradientSource,
  type StepPass,
} from '../../../workers/trainer/gradient-source.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'
import { trainableWeights } from '../../../workers/trainer/training-step.js'
import { compare, draw } from '../engines/numbers.js'

const SEED = 7
/** As a share of the largest number: float32 sums in another order. */
const TOLERANCE = 1e-5

const engine = await openEngine('wasm')
const { tf } = engine

/** Everything that looks across a batch, or draws numbers by an image's place in it. */
const network = (() => {
  const builder = new NetworkBuilder('all-kinds', [8, 8, 2])
  const layers = [
    conv2d(6, 3, { padding: 'same', useBias: false }),
    batchNormalization(),
    activation('tanh'),
    // A bias before batch normalisation has no gradient but roundings.
    depthwiseConv2d(3, { useBias: false }),
    batchNormalization(),
    dropout(0.3),
    maxPool2d(2),
    flatten(),
    dense(16, { activation: 'tanh' }),
    dropout(0.5),
    dense(10, { activation: 'softmax' }),
  ]
  builder.sequence(layers, builder.input)
  return builder.build()
})()
const weights = initializeWeights(tf, network, SEED)
const pass: StepPass = { step: 3, labelSmoothing: 0.1, trainable: trainableWeights(network) }

function batchOf(images: number) {
  const pixels = Float32Array.from(draw(images * 8 * 8 * 2, new RandomStream(1, 'subset')))
  return { pixels, labels: Int32Array.from({ length: images }, (_, index) => index % 10) }
}

/** Loss, correct answers, gradients and statistics, as numbers. */
async function compute(source: GradientSource, images: number, stepPass = pass): Promise<number[][]> {
  const { loss, correct, gradients, statistics } = await source.compute(weights, batchOf(images), stepPass)
  const tensors: (Tensor | undefined)[] = [loss, correct, ...gradients, ...statistics]
  const numbers = await Promise.all(tensors.map(async tensor => (tensor ? [...(await tensor.data())] : [])))
  tf.dispose(tensors.filter(tensor => tensor !== undefined))
  return numbers
}

function openReplicas(t: Test, count: number): Replicas {
  const replicas = new Replicas(tf, network, SEED, count)
  t.teardown(() => replicas.close())
  return replicas
}

const whole = openGradientSource(engine, network, SEED, 1)

t.test('replicas compute what one thread computes, each time to the same bits', async t => {
  for (const count of [2, 3]) {
    const replicas = openReplicas(t, count)
    const frozen = pass.trainable.map((isTrainable, place) => isTrainable && place > 5)
    // Of sizes that do not come out even, and one that is too small for more than one of them.
    for (const [images, trainable] of [
      [33, pass.trainable],
      [50, frozen],
      [9, pass.trainable],
    ] as const) {
      const stepPass = { ...pass, trainable }
      const before = tf.memory().numTensors
      const expected = await compute(whole, images, stepPass)
      const actual = await compute(replicas, images, stepPass)
      t.equal(tf.memory().numTensors, before, 'no tensor is left behind')
      t.equal(actual.length, expected.length)
      for (const [place, values] of expected.entries()) {
        const what = `${count} replicas, ${images} images: number ${place}`
        compare(t, actual[place] ?? [], Float64Array.from(values), what, TOLERANCE)
      }
      t.strictSame(await compute(replicas, images, stepPass), actual, 'the same bits')
    }
  }
})

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
  const step = replicas.compute(weights, batchOf(64), pass)
  await replicas.close()
  t.equal(await Promise.race([step.then(() => 'done'), Promise.resolve('not done')]), 'not done')
})

t.test('a run too short for threads to start has one, any other has all of the engine', async t => {
  const multiplyAdds = 1_000_000
  t.equal(countReplicas({ threads: 4 }, { multiplyAdds }, { epochs: 1 }, 1_000), 1)
  t.equal(countReplicas({ threads: 4 }, { multiplyAdds }, { epochs: 10 }, 1_000), 4)
  t.equal(countReplicas({ threads: 1 }, { multiplyAdds }, { epochs: 10 }, 1_000), 1)
})

t.teardown(() => tf.dispose(weights))
