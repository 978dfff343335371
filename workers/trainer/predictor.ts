import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers'
import { z } from 'zod'
import type { PredictCommand } from '../../src/training/contract.js'
import { openEngine } from '../engines/choose-engine.js'
import { Failure } from './failure.js'
import { registerLocalResponseNormalization } from './local-response-normalization-layer.js'
import { readImage } from './read-image.js'

registerLocalResponseNormalization()

const MODELS_KEPT = 4

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

const inputShape = z.tuple([z.null(), z.int().positive(), z.int().positive(), z.int().positive()])

/**
 * Answers predictions with saved models, of which it keeps the latest few in memory. It computes on wasm: a
 * single image is done before a GPU would have been opened.
 */
export class Predictor {
  /** By directory, the longest unused first. */
  readonly #models = new Map<string, LayersModel>()

  /**
   * Class probabilities, one row for each image.
   * @throws Failure when an image or the model cannot be read
   */
  async predict({ modelDirectory, images }: PredictCommand): Promise<number[][]> {
    const { tf } = await openEngine('wasm')
    const model = await this.#load(modelDirectory)
    const [, ...shape] = inputShape.parse(model.inputs[0]?.shape)
    const pixels = await Promise.all(images.map(image => readImage(image, shape)))
    const output = tf.tidy(() => {
      const batch = tf.stack(pixels.map(values => tf.tensor3d(values, shape)))
      const result = model.predict(batch)
      if (Array.isArray(result)) throw new Error('the model has several outputs')
      return result
    })
    const probabilities = await output.data()
    const classes = output.shape[1] ?? 0
    output.dispose()
    // Float32 rounding may leave a probability a hair above 1.
    return images.map((_, row) =>
      Array.from(probabilities.subarray(row * classes, (row + 1) * classes), value => Math.min(1, value)),
    )
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
