import { createHash } from 'node:crypto'
import type { Tensor } from '@tensorflow/tfjs-core'
import {
  activation,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  maxPool2d,
} from '../../../src/networks/layers.js'
import { buildSequential } from '../../../src/networks/network-builder.js'
import { type TrainingSpecInput, trainingSpec } from '../../../src/training/contract.js'
import type { Dataset } from '../../../workers/datasets/dataset.js'
import type { Engine } from '../../../workers/engines/engine.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { type TrainingEnd, type TrainingObserver, train } from '../../../workers/trainer/train.js'
import { disposeState, type TrainingState } from '../../../workers/trainer/training-state.js'
import type { TrainingTask } from '../../../workers/trainer/training-task.js'

/** How a run ended, as far as it must not hang on having been interrupted. */
export interface Outcome extends TrainingEnd {
  /** SHA-256 of the weights kept. */
  weights: string
  /** The event of each epoch without its times, with the SHA-256 of its weights. */
  epochs: Record<string, unknown>[]
}

const IMAGES = 44
const SHAPE = [8, 8, 1] as const

/** A task with all that is random or has state, on images of noise and stripes. */
export function createTask(fields: Partial<TrainingSpecInput> = {}): TrainingTask {
  const random = new RandomStream(1, 'subset')
  const labels = Uint8Array.from({ length: IMAGES }, (_, index) => index % 2)
  const pixels = Uint8Array.from({ length: IMAGES * 64 }, (_, place) => {
    const index = Math.floor(place / 64)
    const stripe = labels[index] === 0 ? place % 2 : Math.floor(place / 8) % 2
    return Math.floor(random.nextFloat() * 128) + 100 * stripe
  })
  const set = { count: IMAGES, pixels, labels }
  const dataset: Dataset = {
    description: {
      id: 'stripes',
      title: 'Stripes',
      source: 'made here',
      split: 'none',
      inputShape: SHAPE,
      classNames: ['upright', 'level'],
      trainingImages: IMAGES,
      testImages: 0,
      imagesOfClasses: { training: [IMAGES / 2, IMAGES / 2], test: [0, 0] },
    },
    training: set,
    test: { count: 0, pixels: new Uint8Array(), labels: new Uint8Array() },
    checksum: '',
  }
  const network = buildSequential('net', SHAPE, [
    conv2d(4, 3, { useBias: false }),
    batchNormalization(),
    activation('relu'),
    maxPool2d(2),
    flatten(),
    { type: 'dropout', rate: 0.3 },
    dense(2, { activation: 'softmax' }),
  ])
  const spec = trainingSpec.parse({
    architecture: 'net',
    dataset: 'stripes',
    epochs: 3,
    batchSize: 8,
    optimizer: { name: 'adam', weightDecay: 0.001 },
    learningRate: 0.02,
    schedule: { name: 'cosine', warmupEpochs: 0.5 },
    labelSmoothing: 0.1,
    gradientClipping: { by: 'norm', limit: 0.5 },
    earlyStopping: { patience: 2, minDelta: 0.05 },
    augmentation: { rotation: 10, horizontalFlip: true, cropPadding: 1, cutout: 2 },
    ...fields,
  })
  const indices = Uint32Array.from({ length: IMAGES }, (_, index) => index)
  const images = {
    training: indices.subarray(8),
    validation: indices.subarray(0, 8),
    test: new Uint32Array(),
  }
  return { spec, network, dataset, images }
}

/** Trains to the end, from wherever the state is; disposes it. */
export async function trainToEnd(
  engine: Engine,
  task: TrainingTask,
  state: TrainingState,
  onBoundary?: (state: TrainingState) => Promise<void>,
): Promise<Outcome> {
  const epochs: Record<string, unknown>[] = []
  const observer: TrainingObserver = {
    emit(event) {
      if (event.type !== 'epoch') return
      const { seconds: _seconds, imagesPerSecond: _speed, ...epoch } = event
      epochs.push(epoch)
    },
    async betweenSteps(state) {
      const last = epochs.at(-1)
      if (last && state.position === 0) Object.assign(last, { weights: await hashOf(state.weights) })
      await onBoundary?.(state)
    },
  }
  const end = await train(engine, task, state, observer, new AbortController().signal)
  const weights = await hashOf(state.weights)
  disposeState(engine.tf, state)
  return { ...end, weights, epochs }
}

async function hashOf(weights: readonly Tensor[]): Promise<string> {
  const hash = createHash('sha256')
  for (const weight of weights) hash.update(await weight.data())
  return hash.digest('hex')
}
