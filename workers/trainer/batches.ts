import type { ImageSet } from '../datasets/dataset.js'
import type { TensorFlow } from '../engines/engine.js'
import type { Batch } from './training-step.js'

/** Pieces of `size`, the last one with what is left. */
export function* chunk(indices: Uint32Array, size: number): Generator<Uint32Array> {
  for (let start = 0; start < indices.length; start += size) yield indices.subarray(start, start + size)
}

/**
 * The images at `indices`, scaled to 0..1, and their labels. The buffers are new each time: the tensorflow
 * engine goes on reading what it was given after this returns.
 * @param inputShape `[height, width, channels]`
 */
export function createBatch(
  tf: TensorFlow,
  set: ImageSet,
  inputShape: readonly [number, number, number],
  indices: Uint32Array,
): Batch {
  const imageSize = inputShape[0] * inputShape[1] * inputShape[2]
  const pixels = new Float32Array(indices.length * imageSize)
  const labels = new Int32Array(indices.length)
  for (const [place, index] of indices.entries()) {
    const from = index * imageSize
    const to = place * imageSize
    for (let i = 0; i < imageSize; i++) pixels[to + i] = (set.pixels[from + i] ?? 0) / 255
    labels[place] = set.labels[index] ?? 0
  }
  return {
    images: tf.tensor4d(pixels, [indices.length, ...inputShape]),
    labels: tf.tensor1d(labels, 'int32'),
  }
}
