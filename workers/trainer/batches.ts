import type { Shape } from '../../src/networks/network.js'
import type { Augmentation } from '../../src/training/contract.js'
import type { ImageSet } from '../datasets/dataset.js'
import type { TensorFlow } from '../engines/engine.js'
import { distort, drawDistortion } from './augment.js'
import type { Batch } from './training-step.js'

type ImageShape = readonly [height: number, width: number, channels: number]

/** How a training batch's images are varied. */
export interface Variation {
  augmentation: Augmentation
  seed: number
  epoch: number
}

/** A batch before it is an engine's. */
export interface BatchData {
  /** `[batch, height, width, channels]`, 0 to 1 */
  pixels: Float32Array
  labels: Int32Array
}

/** Pieces of `size`, the last one with what is left. */
export function* chunk(indices: Uint32Array, size: number): Generator<Uint32Array> {
  for (let start = 0; start < indices.length; start += size) yield indices.subarray(start, start + size)
}

/**
 * The images at `indices` and their labels. The buffers are new each time: the tensorflow engine goes on
 * reading what it was given after a tensor is made of it.
 * @param variation none for images to measure with
 */
export function readBatch(
  set: ImageSet,
  shape: ImageShape,
  indices: Uint32Array,
  variation?: Variation,
): BatchData {
  const imageSize = shape[0] * shape[1] * shape[2]
  const pixels = new Float32Array(indices.length * imageSize)
  const labels = new Int32Array(indices.length)
  for (const [place, index] of indices.entries()) {
    const source = set.pixels.subarray(index * imageSize, (index + 1) * imageSize)
    const target = pixels.subarray(place * imageSize, (place + 1) * imageSize)
    if (variation) {
      const { augmentation, seed, epoch } = variation
      distort(drawDistortion(augmentation, shape, seed, epoch, index), shape, source, target)
    } else {
      for (let i = 0; i < imageSize; i++) target[i] = (source[i] ?? 0) / 255
    }
    labels[place] = set.labels[index] ?? 0
  }
  return { pixels, labels }
}

/** A batch on the engine, which may go on reading the buffers given. */
export function toTensors(tf: TensorFlow, shape: Shape, { pixels, labels }: BatchData): Batch {
  const [height = 0, width = 0, channels = 0] = shape
  return {
    images: tf.tensor4d(pixels, [labels.length, height, width, channels]),
    labels: tf.tensor1d(labels, 'int32'),
  }
}
