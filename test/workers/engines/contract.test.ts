import type { KernelBackend, Rank, Tensor } from '@tensorflow/tfjs-core'
import t, { type Test } from 'tap'
import { batchNormalization, conv2d, dense, flatten, maxPool2d } from '../../../src/networks/layers.js'
import type { Network } from '../../../src/networks/network.js'
import { buildSequential } from '../../../src/networks/network-builder.js'
import { optimizerSpec } from '../../../src/training/contract.js'
import { chooseEngine, engineNames, openEngine } from '../../../workers/engines/choose-engine.js'
import { type Engine, EngineUnavailableError } from '../../../workers/engines/engine.js'
import { maxPool } from '../../../workers/engines/max-pool.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { dropoutMasks } from '../../../workers/trainer/dropout.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'
import { createOptimizer } from '../../../workers/trainer/optimizers.js'
import { type StepOptions, takeStep } from '../../../workers/trainer/training-step.js'
import { testOnEngines } from '../../support/engines.js'
import { checkGradients } from './check-gradients.js'
import { checkKernels } from './check-kernels.js'
import { compare, draw, sizeOf } from './numbers.js'
import { centralDifferences, referenceForward, referenceLoss, referenceOptimizer } from './reference.js'

// Largest error allowed, as a share of the largest number compared.
const TRAINING_TOLERANCE = 1e-4

await testOnEngines(checkEngine)

async function checkEngine(t: Test, engine: Engine): Promise<void> {
  const { tf } = engine

  checkGradients(t, engine)
  checkKernels(t, engine)

  t.test('gives the gradient of tied maxima to the first, zeros and negatives alike', async t => {
    const window = { filterSize: [2, 2], strides: [2, 2], pad: 'valid' } as const
    for (const value of [0, -3, 2]) {
      const x = tf.fill<Rank.R4>([1, 2, 2, 1], value)
      const [dx] = tf.grads((x: Tensor) => maxPool(tf, tf.reshape<Rank.R4>(x, [1, 2, 2, 1]), window))([x])
      t.strictSame([...(await require(dx).data())], [1, 0, 0, 0], `all four are ${value}`)
      tf.dispose([x, require(dx)])
    }
  })

  const cases = [
    { name: 'sgd' },
    { name: 'sgd', momentum: 0.9 },
    { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.1 },
    { name: 'rmsprop', epsilon: 1e-3 },
    { name: 'rmsprop', momentum: 0.5, epsilon: 1e-3 },
    { name: 'adam' },
    { name: 'adam', weightDecay: 0.1, decayAll: true },
    { name: 'adamw', weightDecay: 0.1 },
  ].map(spec => ({ spec: optimizerSpec.parse(spec), labelSmoothing: 0, clippedTo: Number.POSITIVE_INFINITY }))
  cases.push({ spec: optimizerSpec.parse({ name: 'sgd' }), labelSmoothing: 0.2, clippedTo: 0.3 })
  for (const { spec, labelSmoothing, clippedTo } of cases) {
    const regularized = labelSmoothing > 0 ? ', smoothed labels and clipped gradients' : ''
    t.test(
      `takes six training steps as float64 does, with ${JSON.stringify(spec)}${regularized}`,
      async t => {
        const network = tinyNetwork()
        const random = new RandomStream(3, 'weights')
        const images = draw(4 * sizeOf(network.inputShape), random)
        const labels = [0, 1, 2, 1]
        const rate = spec.name === 'sgd' ? 0.1 : 0.01

        let weights: Tensor[] = initializeWeights(tf, network, 5)
        const expected = await Promise.all(
          weights.map(async weight => Float64Array.from(await weight.data())),
        )
        const kernels = network.layers.flatMap(layer => layer.weights.map(({ name }) => name === 'kernel'))
        const steppers = expected.map((values, index) =>
          Array.from(values, () => referenceOptimizer(spec, rate, spec.decayAll || kernels[index] === true)),
        )
        const optimizer = createOptimizer(tf, spec, network)
        const loss = () =>
          referenceLoss(referenceForward(network, expected, images, 4), labels, 3, labelSmoothing)
        for (let step = 1; step <= 6; step++) {
          const result = trainOneStep(engine, network, weights, images, labels, {
            optimizer,
            learningRate: rate,
            labelSmoothing,
            gradientClipping: Number.isFinite(clippedTo) ? { by: 'norm', limit: clippedTo } : null,
          })
          compare(
            t,
            await result.loss.data(),
            Float64Array.of(loss()),
            `loss of step ${step}`,
            TRAINING_TOLERANCE,
          )
          tf.dispose([result.loss, result.correct])
          weights = result.weights
          const gradients = expected.map(values => centralDifferences(loss, values))
          const norm = Math.hypot(...gradients.flatMap(values => [...values]))
          const scale = Math.min(1, clippedTo / norm)
          t.equal(scale < 1, Number.isFinite(clippedTo), `clipped from ${norm.toFixed(2)}`)
          for (const [index, values] of expected.entries()) {
            for (const [i, value] of values.entries()) {
              values[i] = require(steppers[index]?.[i])(value, scale * (gradients[index]?.[i] ?? Number.NaN))
            }
          }
        }
        for (const [index, weight] of weights.entries()) {
          compare(t, await weight.data(), require(expected[index]), `weight ${index}`, TRAINING_TOLERANCE)
        }
        optimizer.dispose()
        tf.dispose(weights)
      },
    )
  }

  t.test('leaves no tensor behind after 200 steps', async t => {
    const network = buildSequential(
      'net',
      [6, 6, 1],
      [
        conv2d(2, 3, { activation: 'relu' }),
        maxPool2d(2),
        flatten(),
        { type: 'dropout', rate: 0.5 },
        batchNormalization(),
        dense(3, { activation: 'softmax' }),
      ],
    )
    const images = draw(4 * 36, new RandomStream(3, 'weights'))
    let weights: Tensor[] = initializeWeights(tf, network, 5)
    const optimizer = createOptimizer(tf, optimizerSpec.parse({ name: 'adam' }), network)
    const count = async () => {
      // What a GPU is still to do holds memory until it is done.
      await require(weights[0]).data()
      const bytesOnGpu: unknown = Reflect.get(tf.memory(), 'numBytesInGPU')
      return { tensors: tf.memory().numTensors, inEngine: tf.backend().numDataIds(), bytesOnGpu }
    }
    let before = await count()
    let reads = countReads(tf.backend())
    for (let step = 0; step <= 200; step++) {
      // The optimizer's moments come with its first step.
      if (step === 1) {
        reads.stop()
        before = await count()
        reads = countReads(tf.backend())
      }
      const result = trainOneStep(engine, network, weights, images, [0, 1, 2, 1], {
        optimizer,
        learningRate: 0.01,
        dropoutMask: dropoutMasks(tf, 1, step),
        labelSmoothing: 0.1,
        gradientClipping: { by: 'norm', limit: 1 },
      })
      tf.dispose([result.loss, result.correct])
      weights = result.weights
    }
    t.equal(reads.stop(), 0, 'and waits for the engine in none of them')
    t.strictSame(await count(), before)
    optimizer.dispose()
    tf.dispose(weights)
  })

  t.test('draws the same weights and dropout masks as any other engine', async t => {
    const mask = dropoutMasks(tf, 9, 12)(3, 0.25, [50, 40])
    const values = await mask.data()
    const zeros = values.filter(value => value === 0).length
    t.ok(Math.abs(zeros / 2000 - 0.25) < 0.04, `${zeros} of 2000 are dropped at a rate of 0.25`)
    t.ok(
      values.every(value => value === 0 || Math.abs(value - 4 / 3) < 1e-6),
      'the others are scaled by 4/3',
    )
    const [kernel] = initializeWeights(tf, tinyNetwork(), 5)
    const limit = Math.sqrt(6 / (9 + 9 * 2))
    t.ok(
      (await require(kernel).data()).every(value => Math.abs(value) <= limit),
      'glorot uniform keeps its limit',
    )
  })
}

t.test("'auto' opens an engine; one asked for and missing is refused with the reason", async t => {
  const engine = await chooseEngine('auto')
  t.ok(engineNames.includes(engine.name))
  t.equal((await chooseEngine('wasm')).name, 'wasm')
  const error = await openEngine('tensorflow').catch((error: unknown) => error)
  if (error instanceof EngineUnavailableError) t.match(error.message, /@tensorflow\/tfjs-node-gpu/)
  else t.pass('tensorflow is present')
})

function tinyNetwork(): Network {
  return buildSequential(
    'tiny',
    [6, 6, 1],
    [conv2d(2, 3, { activation: 'tanh' }), maxPool2d(2), flatten(), dense(3, { activation: 'softmax' })],
  )
}

function trainOneStep(
  { tf }: Engine,
  network: Network,
  weights: Tensor[],
  images: Float64Array,
  labels: number[],
  options: StepOptions,
) {
  const batch = {
    images: tf.tensor4d(Float32Array.from(images), [labels.length, 6, 6, 1]),
    labels: tf.tensor1d(labels, 'int32'),
  }
  return takeStep(tf, network, weights, batch, options)
}

/** Counts how often something is read back from an engine. */
function countReads(backend: KernelBackend): { stop(): number } {
  const { read, readSync } = backend
  let reads = 0
  backend.read = (...args) => {
    reads++
    return read.apply(backend, args)
  }
  backend.readSync = (...args) => {
    reads++
    return readSync.apply(backend, args)
  }
  return {
    stop() {
      Object.assign(backend, { read, readSync })
      return reads
    },
  }
}

function require<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a value is missing')
  return value
}
