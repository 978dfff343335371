import { drawPng } from '../../src/platform/draw-png.js'
import { confidence, predictedClass, type TrainerEvent } from '../../src/training/contract.js'
import type { ImageSet } from '../datasets/dataset.js'
import { pickImages } from '../datasets/pick-images.js'
import type { Engine } from '../engines/engine.js'
import { evaluate } from './evaluate.js'
import { TestRecorder } from './test-recorder.js'
import type { TrainingState } from './training-state.js'
import type { TrainingTask } from './training-task.js'

const MOST_IMAGES = 8
/** Of a thumbnail's longer side, in pixels: an event is told to everybody who watches. */
const MOST_SIDE = 32

/** What a network says of a few test images, the same at each epoch's end: how it comes to recognise them. */
export class EpochSamples {
  readonly #task: TrainingTask
  readonly #set: ImageSet
  readonly #indices: Uint32Array
  /** Told once an attempt: the images stay the same. */
  #thumbnails: Promise<string[]> | undefined

  constructor(task: TrainingTask) {
    this.#task = task
    this.#indices = firstOfEachClass(task.dataset.test.labels, task.images.test)
    this.#set = pickImages(task.dataset.test, this.#indices)
  }

  async look(
    engine: Engine,
    { epoch, step, weights }: TrainingState,
    signal: AbortSignal,
  ): Promise<TrainerEvent> {
    const { network, dataset } = this.#task
    const { inputShape, classNames } = dataset.description
    const recorder = new TestRecorder(this.#set, inputShape, classNames.length)
    const places = Uint32Array.from(this.#indices.keys())
    await evaluate(engine, network, weights, inputShape, this.#set, places, signal, (place, logits) =>
      recorder.record(place, logits),
    )
    const { predictions } = recorder
    const nameOf = (label: number) => classNames[label] ?? `${label}`
    const isFirst = this.#thumbnails === undefined
    this.#thumbnails ??= this.#draw()
    const thumbnails = isFirst ? await this.#thumbnails : []
    return {
      type: 'samples',
      epoch,
      step,
      images: Array.from(this.#indices, (index, place) => {
        const thumbnail = thumbnails[place]
        return {
          index,
          label: nameOf(predictions.labels[place] ?? 0),
          predicted: nameOf(predictedClass(predictions, place)),
          probability: Math.min(confidence(predictions, place), 1),
          ...(thumbnail === undefined ? {} : { thumbnail }),
        }
      }),
    }
  }

  #draw(): Promise<string[]> {
    const [height, width, channels] = this.#task.dataset.description.inputShape
    const size = height * width * channels
    return Promise.all(
      Array.from(this.#indices, async (_, place) => {
        const bytes = this.#set.pixels.subarray(place * size, (place + 1) * size)
        const png = await drawPng({ bytes, height, width, channels }, MOST_SIDE)
        return `data:image/png;base64,${png.toString('base64')}`
      }),
    )
  }
}

/** The first image of each class, in the order of the classes; where there are more classes than room, of the first ones. */
function firstOfEachClass(labels: Uint8Array, indices: Uint32Array): Uint32Array {
  const first = new Map<number, number>()
  for (const index of indices) {
    const label = labels[index] ?? 0
    if (!first.has(label)) first.set(label, index)
  }
  const inOrder = [...first].sort(([a], [b]) => a - b).map(([, index]) => index)
  return Uint32Array.from(inOrder.slice(0, MOST_IMAGES))
}
