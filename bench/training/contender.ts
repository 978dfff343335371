// One engine on one architecture, in a process of its own: engines share what tfjs keeps globally.
// Says its device when it is warm, or why it is not there; then runs a round for each message.
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { layersModelTopology, layersModelWeights } from '../../src/networks/layers-model.js'
import type { Network } from '../../src/networks/network.js'
import { optimizerSpec } from '../../src/training/contract.js'
import { engineNames, openEngine } from '../../workers/engines/choose-engine.js'
import { EngineUnavailableError, type TensorFlow } from '../../workers/engines/engine.js'
import { RandomStream } from '../../workers/random/random-stream.js'
import { initializeWeights } from '../../workers/trainer/initialize.js'
import { createOptimizer } from '../../workers/trainer/optimizers.js'
import { takeStep } from '../../workers/trainer/training-step.js'
import { buildNetwork } from './networks.js'

const LEARNING_RATE = 0.001
const ROUND_MS = 1500
const MOST_STEPS = 50

/** Starts the work of a step and gives what waits for its end. */
type Step = () => Promise<() => Promise<void>>

const [engine = '', name = '', batchSize = ''] = process.argv.slice(2)
const batch = Number(batchSize)
const network = buildNetwork(name)
const random = new RandomStream(1, 'subset')
const imageSize = network.inputShape.reduce((product, length) => product * length, 1)
const randomPixels = Float32Array.from({ length: batch * imageSize }, () => random.nextFloat())

try {
  const { device, step } = await openTrainer()
  // The first makes buffers, and a GPU's programs.
  await time(step, 1)
  const stepMs = await time(step, 1)
  const steps = Math.max(1, Math.min(MOST_STEPS, Math.round(ROUND_MS / stepMs)))
  if (steps > 1) await time(step, steps)
  process.on('message', async () => {
    process.send?.({ imagesPerSecond: (steps * batch * 1000) / (await time(step, steps)) })
  })
  process.send?.({ kind: 'ready', device, parameters: network.trainableParameters })
} catch (error) {
  if (!(error instanceof EngineUnavailableError)) throw error
  process.on('message', () => {})
  process.send?.({ kind: 'ready', missing: error.message })
}
process.on('disconnect', () => process.exit(0))

/** So many steps, in ms. */
async function time(step: Step, steps: number): Promise<number> {
  const begin = performance.now()
  const ends: (() => Promise<void>)[] = []
  for (let i = 0; i < steps; i++) ends.push(await step())
  for (const end of ends) await end()
  return performance.now() - begin
}

async function openTrainer(): Promise<{ device: string; step: Step }> {
  const known = engineNames.find(known => known === engine)
  if (!known) return { device: 'CPU (JavaScript, 1 thread)', step: await peerStep(network) }
  const { tf, device } = await openEngine(known)
  return { device, step: engineStep(tf, network) }
}

/** A step as the training loop takes it. */
function engineStep(tf: TensorFlow, network: Network): Step {
  const optimizer = createOptimizer(tf, optimizerSpec.parse({ name: 'adam' }), network)
  let weights = initializeWeights(tf, network, 1)
  return async () => {
    const batch = createImages(tf, network)
    const { loss, correct, ...next } = takeStep(tf, network, weights, batch, {
      optimizer,
      learningRate: LEARNING_RATE,
    })
    correct.dispose()
    weights = next.weights
    return async () => {
      await loss.data()
      loss.dispose()
    }
  }
}

/** A step as TensorFlow.js' own `trainOnBatch` takes it, on its plain JavaScript backend. */
async function peerStep(network: Network): Promise<Step> {
  await import('@tensorflow/tfjs-backend-cpu')
  const tf = await import('@tensorflow/tfjs-core')
  const { loadLayersModel } = await import('@tensorflow/tfjs-layers')
  await tf.setBackend('cpu')
  const weightSpecs = layersModelWeights(network)
  const values = await Promise.all(initializeWeights(tf, network, 1).map(weight => weight.data()))
  const weightData = Float32Array.from(values.flatMap(part => [...part])).buffer
  const modelTopology = layersModelTopology(network)
  const model = await loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) })
  model.compile({ optimizer: tf.train.adam(LEARNING_RATE), loss: 'categoricalCrossentropy' })
  return async () => {
    const { images, labels } = createImages(tf, network)
    const expected = tf.oneHot(labels, 10)
    await model.trainOnBatch(images, expected)
    tf.dispose([images, labels, expected])
    return async () => {}
  }
}

/** Images `[batch, height, width, channels]` of random pixels, labels 0 to 9 in turn. */
function createImages(tf: TensorFlow, network: Network): { images: Tensor4D; labels: Tensor1D } {
  const [height = 0, width = 0, channels = 0] = network.inputShape
  const pixels = randomPixels.slice()
  const labels = Int32Array.from({ length: batch }, (_, index) => index % 10)
  return {
    images: tf.tensor4d(pixels, [batch, height, width, channels]),
    labels: tf.tensor1d(labels, 'int32'),
  }
}
