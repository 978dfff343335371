import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import type { Test } from 'tap'
import type { Network } from '../../../src/networks/network.js'
import type { Engine } from '../../../workers/engines/engine.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { forward, type TrainingPass } from '../../../workers/trainer/forward.js'
import { gradientCases } from './gradient-cases.js'
import { compare, draw, sizeOf } from './numbers.js'
import { centralDifferences, referenceForward } from './reference.js'

// Some hundred roundings of float32.
const TOLERANCE = 2e-5
const BATCH = 2

/** Compares an engine's outputs and gradients, layer by layer, with float64 and finite differences. */
export function checkGradients(t: Test, engine: Engine): void {
  for (const { name, network, shift } of gradientCases) {
    const modes = network.layers.some(layer => layer.type === 'batchNormalization') ? [true, false] : [true]
    for (const training of modes) {
      const mode = modes.length > 1 ? (training ? ', by the batch' : ', by moving averages') : ''
      t.test(`differentiates ${name}${mode}`, t => checkNetwork(t, engine, network, shift, training))
    }
  }
}

async function checkNetwork(t: Test, { tf }: Engine, network: Network, shift: number, training: boolean) {
  const random = new RandomStream(1, 'weights')
  const images = draw(BATCH * sizeOf(network.inputShape), random, shift)
  const plans = network.layers.flatMap(layer => layer.weights)
  const weights = plans.map(({ name, shape }) =>
    draw(sizeOf(shape), random, name === 'moving_variance' ? 2 : 0),
  )
  const upstream = draw(BATCH * sizeOf(network.outputShape), random)

  const inputs = [images, ...weights]
  const shapes = [[BATCH, ...network.inputShape], ...plans.map(({ shape }) => [...shape])]
  const isDifferentiated = [true, ...plans.map(plan => plan.trainable)]
  const tensors = inputs.map((values, index) => tf.tensor(Float32Array.from(values), shapes[index]))
  const dy = tf.tensor(Float32Array.from(upstream), [BATCH, ...network.outputShape])
  const [height = 0, width = 0, channels = 0] = network.inputShape
  const pass: TrainingPass = { hearStatistics: () => {} }
  const run = (own: Tensor[]) => {
    const given = [...own]
    const [x, ...rest] = tensors.map((tensor, place) => (isDifferentiated[place] ? given.shift() : tensor))
    const images = tf.reshape<Rank.R4>(require(x), [BATCH, height, width, channels])
    return forward(tf, network, rest.map(require), images, training ? pass : undefined)
  }
  const differentiated = tensors.filter((_, place) => isDifferentiated[place])
  const output = tf.tidy(() => run(differentiated))
  const gradients = tf.tidy(() => tf.grads((...own: Tensor[]) => run(own))(differentiated, dy))

  const reference = () => referenceForward(network, weights, images, BATCH, training)
  compare(t, await output.data(), reference(), 'output', TOLERANCE)
  const value = () => reference().reduce((sum, y, i) => sum + y * (upstream[i] ?? 0), 0)
  const names = ['the input', ...plans.map(plan => plan.name)]
  const places = isDifferentiated.flatMap((isTaken, place) => (isTaken ? [place] : []))
  for (const [index, place] of places.entries()) {
    const expected = centralDifferences(value, require(inputs[place]))
    const actual = await require(gradients[index]).data()
    compare(t, actual, expected, `gradient of ${names[place]}`, TOLERANCE)
  }
  tf.dispose([...tensors, dy, output, ...gradients])
}

function require<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a value is missing')
  return value
}
