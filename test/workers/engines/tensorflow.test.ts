import type { Tensor } from '@tensorflow/tfjs-core'
import type { Test } from 'tap'
import {
  activation,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  maxPool2d,
} from '../../../src/networks/layers.js'
import { buildSequential } from '../../../src/networks/network-builder.js'
import { optimizerSpec } from '../../../src/training/contract.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import type { Engine } from '../../../workers/engines/engine.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { dropoutMasks } from '../../../workers/trainer/dropout.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'
import { createOptimizer } from '../../../workers/trainer/optimizers.js'
import { takeStep } from '../../../workers/trainer/training-step.js'
import { testOnEngines } from '../../support/engines.js'
import { compare, draw } from './numbers.js'

// What six steps may differ between engines, as a share of the largest number compared: some hundred roundings of
// float32. Nothing may make more of a rounding than it is: hence no ReLU, where one decides between a gradient and
// none, and no Adam, whose first steps divide a gradient by its own size, one that is zero but for a rounding too.
const TOLERANCE = 1e-5
const optimizerOfSteps = optimizerSpec.parse({ name: 'sgd', momentum: 0.9 })
const BATCH = 32

const network = buildSequential(
  'net',
  [28, 28, 3],
  [
    conv2d(16, 3, { padding: 'same', useBias: false }),
    batchNormalization(),
    activation('tanh'),
    maxPool2d(2),
    conv2d(24, 3, { strides: 2, useBias: false }),
    batchNormalization(),
    activation('tanh'),
    { type: 'dropout', rate: 0.25 },
    flatten(),
    dense(32, { activation: 'tanh' }),
    dense(10, { activation: 'softmax' }),
  ],
)
const pixels = Float32Array.from(draw(BATCH * 28 * 28 * 3, new RandomStream(1, 'subset')))

await testOnEngines(checkTensorFlow, ['tensorflow'])

async function checkTensorFlow(t: Test, engine: Engine): Promise<void> {
  await t.test('takes the same steps again, bit for bit', async t => {
    t.strictSame(await train(engine, 6), await train(engine, 6))
  })

  await t.test(`takes six steps that agree with wasm within ${TOLERANCE}`, async t => {
    const own = await train(engine, 6)
    const wasm = await train(await openEngine('wasm'), 6)
    await openEngine('tensorflow')
    for (const [index, values] of own.entries()) {
      compare(
        t,
        values,
        Float64Array.from(wasm[index] ?? []),
        index === 0 ? 'losses' : `weight ${index}`,
        TOLERANCE,
      )
    }
  })

  await t.test('leaves neither a tensor nor memory behind after 200 steps', async t => {
    await train(engine, 40)
    const before = { tensors: engine.tf.memory().numTensors, data: engine.tf.backend().numDataIds() }
    const bytes = process.memoryUsage().rss
    await train(engine, 200)
    t.strictSame({ tensors: engine.tf.memory().numTensors, data: engine.tf.backend().numDataIds() }, before)
    const grown = process.memoryUsage().rss - bytes
    // One activation of the first layer left behind at each step would be 320 MB.
    t.ok(grown < 64 * 2 ** 20, `${Math.round(grown / 2 ** 20)} MiB more`)
  })

  await t.test('refuses to be a GPU where TensorFlow lists none', async t => {
    const opening = openEngine('tensorflow-gpu')
    if (engine.gpu) t.ok((await opening).gpu)
    else await t.rejects(opening, { name: 'EngineUnavailableError', message: /finds no GPU.*only the CPU/ })
  })
}

/** The losses of so many steps, then each of the weights. */
async function train({ tf }: Engine, steps: number): Promise<number[][]> {
  const optimizer = createOptimizer(tf, optimizerOfSteps, network)
  let weights: Tensor[] = initializeWeights(tf, network, 5)
  const losses: number[] = []
  for (let step = 1; step <= steps; step++) {
    const batch = {
      images: tf.tensor4d(pixels, [BATCH, 28, 28, 3]),
      labels: tf.tensor1d(
        Int32Array.from({ length: BATCH }, (_, index) => index % 10),
        'int32',
      ),
    }
    const dropoutMask = dropoutMasks(tf, 1, step)
    const result = takeStep(tf, network, weights, batch, { optimizer, learningRate: 0.01, dropoutMask })
    losses.push((await result.loss.data())[0] ?? Number.NaN)
    tf.dispose([result.loss, result.correct])
    weights = result.weights
  }
  const values = await Promise.all(weights.map(async weight => [...(await weight.data())]))
  tf.dispose(weights)
  optimizer.dispose()
  return [losses, ...values]
}
