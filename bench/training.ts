// npm run bench -- training: how many images a second each engine trains on, against TensorFlow.js in plain
// JavaScript (its cpu backend and its own layers and optimizer, as they come), in one run.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { readConfig } from '../src/config.js'
import { findArchitecture } from '../src/networks/architectures/index.js'
import { layersModelTopology, layersModelWeights } from '../src/networks/layers-model.js'
import type { Network } from '../src/networks/network.js'
import { optimizerSpec } from '../src/training/contract.js'
import { openEngine } from '../workers/engines/choose-engine.js'
import { EngineUnavailableError, type TensorFlow } from '../workers/engines/engine.js'
import { engineEnvironment } from '../workers/engines/engine-environment.js'
import { RandomStream } from '../workers/random/random-stream.js'
import { initializeWeights } from '../workers/trainer/initialize.js'
import { createOptimizer } from '../workers/trainer/optimizers.js'
import { takeStep } from '../workers/trainer/training-step.js'

const BATCH = 128
const compared = ['simple-cnn', 'lenet-5']
const PEER = 'tfjs-cpu'
const LEARNING_RATE = 0.001
const adam = optimizerSpec.parse({ name: 'adam' })

const random = new RandomStream(1, 'subset')
const randomPixels = Float32Array.from({ length: BATCH * 28 * 28 }, () => random.nextFloat())

const measurement = z.union([
  z.object({ device: z.string(), imagesPerSecond: z.number() }),
  z.object({ missing: z.string() }),
])
type Measurement = z.output<typeof measurement>

const [mode, contender, architecture] = process.argv.slice(2)
if (mode === 'measure') process.send?.(await measure(String(contender), String(architecture)))
else await compareAll()
process.disconnect?.()

async function compareAll(): Promise<void> {
  const ratios: Record<string, number> = {}
  console.log(`Training, images a second, batch ${BATCH}, Adam; median of the rounds of one run\n`)
  console.log(
    `${'architecture'.padEnd(14)}${'engine'.padEnd(13)}${'images/s'.padStart(9)}${'ratio'.padStart(8)}  device`,
  )
  for (const id of compared) {
    const peer = await measureApart(PEER, id)
    if ('missing' in peer) throw new Error(peer.missing)
    for (const name of [PEER, 'wasm', 'tensorflow']) {
      const result = name === PEER ? peer : await measureApart(name, id)
      if ('missing' in result) {
        console.log(
          `${id.padEnd(14)}${name.padEnd(13)}${'-'.padStart(9)}${''.padStart(8)}  ${result.missing}`,
        )
        continue
      }
      const ratio = result.imagesPerSecond / peer.imagesPerSecond
      const speed = result.imagesPerSecond.toFixed(0).padStart(9)
      console.log(
        `${id.padEnd(14)}${name.padEnd(13)}${speed}${ratio.toFixed(1).padStart(8)}  ${result.device}`,
      )
      if (name !== PEER) ratios[`${name}/${PEER}:${id}`] = Number(ratio.toFixed(2))
    }
  }
  console.log(`\n${JSON.stringify({ bench: 'training', ratios })}`)
}

/** In a process of its own: engines share what tfjs keeps globally. */
async function measureApart(name: string, id: string): Promise<Measurement> {
  const child = fork(fileURLToPath(import.meta.url), ['measure', name, id], {
    env: engineEnvironment(readConfig(), process.env),
  })
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} left with ${code}`))),
  ])
  return measurement.parse(message)
}

async function measure(name: string, id: string): Promise<Measurement> {
  const network = findArchitecture(id)?.build({ inputShape: [28, 28, 1], classes: 10 })
  if (!network) throw new Error(`no architecture ${id}`)
  if (name === PEER) {
    return { device: 'CPU (JavaScript, 1 thread)', imagesPerSecond: await measurePeer(network) }
  }
  try {
    const engine = await openEngine(name === 'wasm' ? 'wasm' : 'tensorflow')
    return { device: engine.device, imagesPerSecond: await measureEngine(engine.tf, network) }
  } catch (error) {
    if (error instanceof EngineUnavailableError) return { missing: error.message }
    throw error
  }
}

/** One step as the training loop takes it. */
async function measureEngine(tf: TensorFlow, network: Network): Promise<number> {
  const optimizer = createOptimizer(tf, adam, network)
  let weights = initializeWeights(tf, network, 1)
  return medianSpeed(3, 5, 20, async () => {
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
  })
}

/** One step as TensorFlow.js' own `trainOnBatch` takes it. */
async function measurePeer(network: Network): Promise<number> {
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
  return medianSpeed(1, 3, 1, async () => {
    const { images, labels } = createImages(tf, network)
    const expected = tf.oneHot(labels, 10)
    await model.trainOnBatch(images, expected)
    tf.dispose([images, labels, expected])
    return async () => {}
  })
}

function createImages(tf: TensorFlow, network: Network): { images: Tensor4D; labels: Tensor1D } {
  const [height = 0, width = 0, channels = 0] = network.inputShape
  const pixels = randomPixels.slice(0, BATCH * height * width * channels)
  const labels = Int32Array.from({ length: BATCH }, (_, index) => index % 10)
  return {
    images: tf.tensor4d(pixels, [BATCH, height, width, channels]),
    labels: tf.tensor1d(labels, 'int32'),
  }
}

/** @param step does its work and gives what waits for it: only the last one of a round is waited for */
async function medianSpeed(
  warmUps: number,
  rounds: number,
  stepsOfARound: number,
  step: () => Promise<() => Promise<void>>,
): Promise<number> {
  for (let i = 0; i < warmUps; i++) await (await step())()
  const speeds: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now()
    const waits: (() => Promise<void>)[] = []
    for (let i = 0; i < stepsOfARound; i++) waits.push(await step())
    for (const wait of waits) await wait()
    speeds.push((stepsOfARound * BATCH * 1000) / (performance.now() - begin))
  }
  return speeds.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0
}
