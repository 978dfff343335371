import { planRun, type TrainingSpec } from '../../src/training/contract.js'
import type { Dataset } from '../datasets/dataset.js'
import { RandomStream } from '../random/random-stream.js'
import { permutation } from '../random/shuffle.js'

export interface SelectedImages {
  /** Indices into the dataset's training images. */
  training: Uint32Array
  /** Indices into the dataset's training images too: they are held back from training. */
  validation: Uint32Array
  /** Indices into the dataset's test images: all of them. */
  test: Uint32Array
}

/** Which images a run trains and validates on, chosen by its seed. */
export function selectImages(spec: TrainingSpec, dataset: Dataset): SelectedImages {
  const { trainingImages, validationImages } = planRun(spec, dataset.description)
  const order = permutation(dataset.training.count, new RandomStream(spec.seed, 'subset'))
  return {
    validation: order.subarray(0, validationImages),
    training: order.subarray(validationImages, validationImages + trainingImages),
    test: Uint32Array.from({ length: dataset.test.count }, (_, index) => index),
  }
}
