import t from 'tap'
import { conv2d, depthwiseConv2d, maxPool2d } from '../../../src/networks/layers.js'
import type { LayerSpec } from '../../../src/networks/network.js'
import { buildSequential, NetworkBuilder } from '../../../src/networks/network-builder.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { orderActivations } from '../../../workers/trainer/activation-order.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'

t.test('weights begin with the deviation that He’s rule gives their inputs', async t => {
  const { tf } = await openEngine('wasm')
  const deviationOf = async (layer: LayerSpec) => {
    const [kernel] = initializeWeights(tf, buildSequential('net', [4, 4, 400], [layer]), 1)
    const values = [...((await kernel?.data()) ?? [])]
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
  }
  const near = (actual: number, expected: number) => Math.abs(actual / expected - 1) < 0.05
  const ofMany = await deviationOf(conv2d(8, 3, { kernelInitializer: 'heNormal' }))
  t.ok(near(ofMany, Math.sqrt(2 / 3600)), 'nine places of 400 channels')
  const depthwise = await deviationOf(depthwiseConv2d(3, { kernelInitializer: 'heNormalDepthwise' }))
  t.ok(near(depthwise, Math.sqrt(2 / 9)), 'nine places of one channel')
  const asKeras = await deviationOf(depthwiseConv2d(3, { kernelInitializer: 'heNormal' }))
  t.ok(near(asKeras, Math.sqrt(2 / 3600)), 'which Keras counts as of all channels')
})

t.test('a ReLU goes behind the max-pooling that alone reads it', async t => {
  const layers = [conv2d(2, 3, { activation: 'relu' }), maxPool2d(2), conv2d(2, 1, { activation: 'tanh' })]
  t.strictSame(orderActivations(buildSequential('net', [8, 8, 1], [...layers, maxPool2d(2)])), [
    ...['linear', 'relu'],
    ...['tanh', 'linear'],
  ])
  const builder = new NetworkBuilder('net', [8, 8, 1])
  const convolved = builder.sequence(layers.slice(0, 1), builder.input)
  const pooled = builder.sequence([maxPool2d(1, { strides: 1 })], convolved)
  builder.add({ type: 'add' }, [convolved, pooled])
  t.strictSame(
    orderActivations(builder.build()),
    ['relu', 'linear', 'linear'],
    'not where two layers read it',
  )
})
