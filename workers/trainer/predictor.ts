import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '@tensorflow/tfjs-core'
import { model as createModel, type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers'
import { z } from 'zod'
import type { FailureReport, ModelCommand, ModelImage, ModelPrediction } from '../../src/training/contract.js'
import { openEngine } from '../engines/choose-engine.js'
import type { TensorFlow } from '../engines/engine.js'
import { drawTiles, splitChannels } from './draw-tiles.js'
import { Failure } from './failure.js'
import { registerLocalResponseNormalization } from './local-response-normalization-layer.js'
import { readImage } from './read-image.js'

registerLocalResponseNormalization()

const MODELS_KEPT = 4
/** Images computed at once: as many of a large network as the heap of wasm holds. */
const BATCH_SIZE = 8

const modelFile = z.object({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z
    .array(
      z.object({
        paths: z.tuple([z.literal('weights.bin')]),
        weights: z.array(
          z.object({ name: z.string(), shape: z.array(z.int().positive()), dtype: z.literal('float32') }),
        ),
      }),
    )
    .length(1),
})

const side = z.int().positive()
const inputShape = z.tuple([z.null(), side, side, side])
/** `[1, height, width, channels]` */
const outputShape = z.tuple([z.literal(1), side, side, side])
/** `[height, width, channels in, channels out]` */
const kernelShape = z.tuple([side, side, z.union([z.literal(1), z.literal(3)]), side])

type Asked<Kind extends ModelCommand['kind']> = Extract<ModelCommand, { kind: Kind }>

/**
 * Answers questions to saved models, of which it keeps the latest few in memory. It computes on wasm: a
 * single image is done before a GPU would have been opened.
 */
export class Predictor {
  /** By directory, the longest unused first. */
  readonly #models = new Map<string, LayersModel>()

  /**
   * One prediction for each image; an image that cannot be read has its reason in place of probabilities.
   * @throws Failure when the model cannot be read
   */
  async predict({ modelDirectory, images }: Asked<'predict'>): Promise<ModelPrediction[]> {
    const { tf } = await openEngine('wasm')
    const model = await this.#load(modelDirectory)
    const shape = inputShapeOf(model)
    const read = await Promise.all(images.map(image => tryToRead(image, shape)))
    const rows = await recognise(tf, model, read.filter(isPixels))
    let row = 0
    return read.map(image =>
      isPixels(image) ? { probabilities: rows[row++] ?? [] } : { failure: image.failure },
    )
  }

  /**
   * A PNG of the kernels of a convolution over one or three channels, each of them stretched to its own extremes.
   * @throws Failure when the model cannot be read
   */
  async drawFilters({ modelDirectory, layer }: Asked<'drawFilters'>): Promise<Buffer> {
    await openEngine('wasm')
    const [kernel] = (await this.#load(modelDirectory)).getLayer(layer).getWeights()
    const [height, width, channels, filters] = kernelShape.parse(kernel?.shape)
    const tiles = splitChannels((await kernel?.data()) ?? [], filters)
    return drawTiles(tiles, { height, width, channels })
  }

  /**
   * A PNG of what a layer makes of an image: its channels, each of them stretched to its own extremes.
   * @throws Failure when the image or the model cannot be read
   */
  async drawFeatureMaps({ modelDirectory, layer, image }: Asked<'drawFeatureMaps'>): Promise<Buffer> {
    const { tf } = await openEngine('wasm')
    const whole = await this.#load(modelDirectory)
    const part = createModel({ inputs: whole.inputs, outputs: whole.getLayer(layer).output })
    const output = apply(tf, part, [await readImage(image, inputShapeOf(whole))])
    const [, height, width, channels] = outputShape.parse(output.shape)
    const values = await output.data()
    output.dispose()
    return drawTiles(splitChannels(values, channels), { height, width, channels: 1 })
  }

  async #load(directory: string): Promise<LayersModel> {
    const kept = this.#models.get(directory)
    this.#models.delete(directory)
    const model = kept ?? (await loadModel(directory))
    this.#models.set(directory, model)
    const [oldest] = this.#models
    if (this.#models.size > MODELS_KEPT && oldest) {
      this.#models.delete(oldest[0])
      oldest[1].dispose()
    }
    return model
  }
}

type Shape = [height: number, width: number, channels: number]

function inputShapeOf(model: LayersModel): Shape {
  const [, ...shape] = inputShape.parse(model.inputs[0]?.shape)
  return shape
}

async function tryToRead(
  image: ModelImage,
  shape: Shape,
): Promise<Float32Array | { failure: FailureReport }> {
  try {
    return await readImage(image, shape)
  } catch (error) {
    if (error instanceof Failure) return { failure: error.report }
    throw error
  }
}

function isPixels(read: Float32Array | { failure: FailureReport }): read is Float32Array {
  return read instanceof Float32Array
}

/** Class probabilities, one row for each image. */
async function recognise(
  tf: TensorFlow,
  model: LayersModel,
  images: readonly Float32Array[],
): Promise<number[][]> {
  if (images.length === 0) return []
  const output = apply(tf, model, images)
  const probabilities = await output.data()
  const classes = output.shape[1] ?? 0
  output.dispose()
  // Float32 rounding may leave a probability a hair above 1.
  return images.map((_, row) =>
    Array.from(probabilities.subarray(row * classes, (row + 1) * classes), value => Math.min(1, value)),
  )
}

/** A model's output for these images. The caller disposes it. */
function apply(tf: TensorFlow, model: LayersModel, images: readonly Float32Array[]): Tensor {
  const shape = inputShapeOf(model)
  return tf.tidy(() => {
    const batch = tf.stack(images.map(values => tf.tensor3d(values, shape)))
    const result = model.predict(batch, { batchSize: BATCH_SIZE })
    if (Array.isArray(result)) throw new Error('the model has several outputs')
    return result
  })
}

/** @throws Failure when the files are missing or damaged */
export async function loadModel(directory: string): Promise<LayersModel> {
  try {
    const json: unknown = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8'))
    const { modelTopology, weightsManifest } = modelFile.parse(json)
    const bytes = await readFile(join(directory, 'weights.bin'))
    const weightData = new Uint8Array(bytes).buffer
    const weightSpecs = weightsManifest.flatMap(group => group.weights)
    return await loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) })
  } catch (error) {
    throw new Failure({
      code: 'MODEL_UNREADABLE',
      message: `The model cannot be read: ${error instanceof Error ? error.message : error}`,
      hint: 'Train the model again: its files are missing or damaged.',
      fault: 'machine',
    })
  }
}
