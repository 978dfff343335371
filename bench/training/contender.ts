// One engine on one architecture, in a process of its own: engines share what tfjs keeps globally.
// Says its device when it is warm, or why it is not there; then runs a round for each message.
import { layersModelTopology, layersModelWeights } from '../../src/networks/layers-model.js'
import type { Network } from '../../src/networks/network.js'
import { estimateMemory, optimizerSpec } from '../../src/training/contract.js'
import { engineNames, openEngine } from '../../workers/engines/choose-engine.js'
import { EngineUnavailableError } from '../../workers/engines/engine.js'
import {
  imagesOf,
  LEARNING_RATE,
  openRepeatedStep,
  type RepeatedStep,
} from '../../workers/probe/repeated-step.js'
import { toTensors } from '../../workers/trainer/batches.js'
import { initializeWeights } from '../../workers/trainer/initialize.js'
import { buildNetwork } from './networks.js'

const ROUND_MS = 1500
const MOST_STEPS = 50

const [engine = '', name = '', batchSize = ''] = process.argv.slice(2)
const batch = Number(batchSize)
const network = buildNetwork(name)

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

type Step = RepeatedStep['take']

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
  const optimizer = optimizerSpec.parse({ name: 'adam' })
  const memory = estimateMemory(network, { batchSize: batch, optimizer })
  const opened = await openEngine(known, { network, batchSize: batch, memory, isLong: true })
  return { device: opened.device, step: openRepeatedStep(opened, network, batch).take }
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
  const drawImages = imagesOf(network, batch)
  return async () => {
    const { images, labels } = toTensors(tf, network.inputShape, drawImages())
    const expected = tf.oneHot(labels, 10)
    await model.trainOnBatch(images, expected)
    tf.dispose([images, labels, expected])
    return async () => {}
  }
}
