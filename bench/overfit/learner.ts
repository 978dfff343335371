// One engine learning one architecture by heart, in a process of its own. Says its device, or why it is not there; then
// answers a message with the epoch after which it knows the images.
import { join } from 'node:path'
import { readConfig } from '../../src/config.js'
import { findArchitecture, trainingSpec } from '../../src/training/contract.js'
import type { Dataset } from '../../workers/datasets/dataset.js'
import { loadDataset } from '../../workers/datasets/load-dataset.js'
import { pickImages } from '../../workers/datasets/pick-images.js'
import { engineNames, openEngine } from '../../workers/engines/choose-engine.js'
import { type Engine, EngineUnavailableError } from '../../workers/engines/engine.js'
import { RandomStream } from '../../workers/random/random-stream.js'
import { permutation } from '../../workers/random/shuffle.js'
import { train } from '../../workers/trainer/train.js'
import { createState } from '../../workers/trainer/training-state.js'
import { describeWorkload } from '../../workers/trainer/workload.js'

const IMAGES = 256
const ENOUGH = 0.99

const [engineName = '', architecture = '', epochs = '', seed = ''] = process.argv.slice(2)
const { dataset, network, spec } = await prepare()
try {
  const engine = await openEngine(engineNames.find(name => name === engineName) ?? 'wasm', {
    ...describeWorkload(network, spec, IMAGES),
    isLong: true,
  })
  process.on('message', async () => process.send?.(await learn(engine)))
  process.send?.({ kind: 'ready', device: engine.device })
} catch (error) {
  if (!(error instanceof EngineUnavailableError)) throw error
  process.on('message', () => {})
  process.send?.({ kind: 'ready', missing: error.message })
}
process.on('disconnect', () => process.exit(0))

async function prepare() {
  const [id = '', width = '1'] = architecture.split('@')
  const published = findArchitecture(id)
  if (!published) throw new Error(`There is no architecture '${architecture}'.`)
  const dataset = await loadFew(published.inputShape[2] === 1 ? 'mnist' : 'cifar-synthetic')
  const { inputShape } = dataset.description
  const network = published.build({ inputShape, classes: 10, widthMultiplier: Number(width) })
  // All else by default.
  const spec = trainingSpec.parse({
    architecture: id,
    dataset: dataset.description.id,
    epochs: Number(epochs),
    seed: Number(seed),
  })
  return { dataset, network, spec }
}

async function learn(engine: Engine) {
  const begin = performance.now()
  const every = Uint32Array.from({ length: IMAGES }, (_, index) => index)
  // Validated on what it is trained on: by the moving averages of batch normalisation, as in use.
  const images = { training: every, validation: every, test: every }
  const task = { spec, network, dataset, images }
  const known = new AbortController()
  const accuracies: number[] = []
  const emit = (event: { type: string; validationAccuracy?: number | null }) => {
    if (event.type !== 'epoch') return
    accuracies.push(event.validationAccuracy ?? 0)
    if ((accuracies.at(-1) ?? 0) >= ENOUGH) known.abort()
  }
  await train(engine, task, createState(engine.tf, task), { emit }, known.signal).catch((error: unknown) => {
    if (!known.signal.aborted) throw error
  })
  return {
    epochs: accuracies.length,
    accuracy: accuracies.at(-1) ?? 0,
    seconds: (performance.now() - begin) / 1000,
  }
}

/** The same few images of a dataset for every engine and architecture. */
async function loadFew(id: string): Promise<Dataset> {
  const dataset = await loadDataset(id, join(readConfig().home, 'datasets'))
  const chosen = permutation(dataset.training.count, new RandomStream(1, 'subset')).subarray(0, IMAGES)
  const few = pickImages(dataset.training, chosen)
  return { ...dataset, training: few, test: few }
}
