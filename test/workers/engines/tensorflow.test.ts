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
import { createOptimizer } from '../../../workers/trainer/optimizers.js'
import { testOnEngines } from '../../support/engines.js'
import { compare, draw } from './numbers.js'
import { TOLERANCE, trainSteps } from './train-steps.js'

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
    t.strictSame(await trainSteps(engine, network, pixels, 6), await trainSteps(engine, network, pixels, 6))
  })

  await t.test(`takes six steps that agree with wasm within ${TOLERANCE}`, async t => {
    const own = await trainSteps(engine, network, pixels, 6)
    const wasm = await trainSteps(await openEngine('wasm'), network, pixels, 6)
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
    await trainSteps(engine, network, pixels, 40)
    const before = { tensors: engine.tf.memory().numTensors, data: engine.tf.backend().numDataIds() }
    const bytes = process.memoryUsage().rss
    await trainSteps(engine, network, pixels, 200)
    t.strictSame({ tensors: engine.tf.memory().numTensors, data: engine.tf.backend().numDataIds() }, before)
    const grown = process.memoryUsage().rss - bytes
    // One activation of the first layer left behind at each step would be 320 MB.
    t.ok(grown < 64 * 2 ** 20, `${Math.round(grown / 2 ** 20)} MiB more`)
  })

  await t.test('an optimizer that is disposed of leaves none of its averages behind', async t => {
    const { tf } = engine
    const step = () => {
      const optimizer = createOptimizer(tf, optimizerSpec.parse({ name: 'adam' }), network)
      const weight = tf.ones([1000, 1000])
      const [next] = optimizer.update([weight], [weight], 0.001)
      // What a checkpoint reads, which is the optimizer's too.
      t.equal(optimizer.state().slots.get('mean/0')?.size, weight.size)
      optimizer.dispose()
      tf.dispose([weight, ...(next ? [next] : [])])
    }
    step()
    const tensors = tf.memory().numTensors
    const bytes = process.memoryUsage().rss
    for (let i = 0; i < 40; i++) step()
    t.equal(tf.memory().numTensors, tensors)
    const grown = process.memoryUsage().rss - bytes
    // The two averages of each would be 320 MB.
    t.ok(grown < 64 * 2 ** 20, `${Math.round(grown / 2 ** 20)} MiB more`)
  })

  await t.test('refuses to be a GPU where TensorFlow lists none', async t => {
    const opening = openEngine('tensorflow-gpu')
    if (engine.gpu) t.ok((await opening).gpu)
    else await t.rejects(opening, { name: 'EngineUnavailableError', message: /finds no GPU.*only the CPU/ })
  })
}
