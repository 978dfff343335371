import type { Test } from 'tap'
import {
  activation,
  add,
  batchNormalization,
  conv2d,
  dense,
  globalAvgPool2d,
  maxPool2d,
  padChannels,
} from '../../../src/networks/layers.js'
import type { Network } from '../../../src/networks/network.js'
import { NetworkBuilder } from '../../../src/networks/network-builder.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { testOnEngines } from '../../support/engines.js'
import { compare, draw } from './numbers.js'
import { TOLERANCE, trainSteps } from './train-steps.js'

const BATCH = 8
const network = residualNetwork()
const pixels = Float32Array.from(draw(BATCH * 8 * 8 * 3, new RandomStream(1, 'subset')))

const expected = await trainSteps(await openEngine('wasm'), network, pixels, 6)

await testOnEngines((t, engine) => {
  t.test(`takes six steps of a residual network as wasm does, within ${TOLERANCE}, and again`, async t => {
    const first = await trainSteps(engine, network, pixels, 6)
    agree(t, first, expected, 'of wasm')
    const again = await trainSteps(engine, network, pixels, 6)
    // A GPU adds up in the order in which its threads are done.
    if (engine.gpu || engine.name === 'webgpu') agree(t, again, first, 'of the first time')
    else t.strictSame(again, first, 'the same bits')
  })
})

function agree(t: Test, actual: readonly number[][], expected: readonly number[][], whose: string): void {
  t.equal(actual.length, expected.length)
  for (const [index, values] of expected.entries()) {
    const what = index === 0 ? 'losses' : `weight ${index}`
    compare(t, actual[index] ?? [], Float64Array.from(values), `${what} as those ${whose}`, TOLERANCE)
  }
}

/** Two stages of one block each, the second of half the size and twice the channels, as in ResNet for CIFAR-10. */
function residualNetwork(): Network {
  const builder = new NetworkBuilder('residual', [8, 8, 3])
  const convolve = (filters: number, strides = 1) => [
    conv2d(filters, 3, { padding: 'same', strides, useBias: false }),
    batchNormalization(),
  ]
  let x = builder.sequence([...convolve(8), activation('tanh')], builder.input)
  for (const [filters, strides] of [
    [8, 1],
    [16, 2],
  ] as const) {
    const branch = builder.sequence(
      [...convolve(filters, strides), activation('tanh'), ...convolve(filters)],
      x,
    )
    const shortcut =
      strides === 1 ? x : builder.sequence([maxPool2d(1, { strides, padding: 'same' }), padChannels(4, 4)], x)
    x = builder.sequence([activation('tanh')], builder.add(add(), [branch, shortcut]))
  }
  builder.sequence([globalAvgPool2d(), dense(10, { activation: 'softmax' })], x)
  return builder.build()
}
