import type { ImageShape } from '../../networks/network.js'

/** Files that a trained model's test leaves beside it, below the run's `modelKey` in the storage. */
export const testPredictionsFile = 'test-predictions.bin'
/** Pixels of test images, each of `[height, width, channels]` bytes, one after another. */
export const testImagesFile = 'test-images.bin'

/** How many of an image's likeliest classes are kept. */
export const TOP_CLASSES = 5

/** What a trained network said of each image of the test. */
export interface TestPredictions {
  imageShape: ImageShape
  /** How many classes are kept of each image. */
  top: number
  /** The class that each image is of. */
  labels: Uint8Array
  /** The likeliest classes of each image, the likeliest first: `top` of the first image, then of the second … */
  topClasses: Uint8Array
  /** Their probabilities, in the same order. */
  topProbabilities: Float32Array
  /** Where each image is in the file of images, counted in images; -1 where it was not kept. */
  places: Int32Array
}

const MAGIC = 0x5459_4c31
const HEADER_NUMBERS = 6

/** The bytes of `test-predictions.bin`: six numbers, then the arrays, the widest first. Little-endian. */
export function encodeTestPredictions(predictions: TestPredictions): Buffer {
  const { imageShape, top, labels, topClasses, topProbabilities, places } = predictions
  const header = Uint32Array.of(MAGIC, labels.length, top, ...imageShape)
  const parts = [header, places, topProbabilities, labels, topClasses]
  return Buffer.concat(parts.map(part => Buffer.from(part.buffer, part.byteOffset, part.byteLength)))
}

/** @throws Error where the bytes are not what `encodeTestPredictions` gives */
export function decodeTestPredictions(bytes: Uint8Array): TestPredictions {
  // A copy: numbers of four bytes can't be read from just anywhere.
  const { buffer } = new Uint8Array(bytes)
  if (buffer.byteLength < 4 * HEADER_NUMBERS) throw new Error('the file of test predictions is cut off')
  const [magic, count = 0, top = 0, height = 0, width = 0, channels = 0] = new Uint32Array(
    buffer,
    0,
    HEADER_NUMBERS,
  )
  if (magic !== MAGIC) throw new Error('this is no file of test predictions')
  const placesAt = 4 * HEADER_NUMBERS
  const probabilitiesAt = placesAt + 4 * count
  const labelsAt = probabilitiesAt + 4 * count * top
  const classesAt = labelsAt + count
  if (buffer.byteLength !== classesAt + count * top)
    throw new Error('the file of test predictions is cut off')
  return {
    imageShape: [height, width, channels],
    top,
    places: new Int32Array(buffer, placesAt, count),
    topProbabilities: new Float32Array(buffer, probabilitiesAt, count * top),
    labels: new Uint8Array(buffer, labelsAt, count),
    topClasses: new Uint8Array(buffer, classesAt, count * top),
  }
}

/** The class that an image was taken for. */
export function predictedClass({ topClasses, top }: TestPredictions, index: number): number {
  return topClasses[index * top] ?? 0
}

/** The probability of the class that an image was taken for. */
export function confidence({ topProbabilities, top }: TestPredictions, index: number): number {
  return topProbabilities[index * top] ?? 0
}

/** The likeliest classes of an image with their probabilities, the likeliest first. */
export function topOf({ topClasses, topProbabilities, top }: TestPredictions, index: number) {
  return Array.from({ length: top }, (_, rank) => ({
    label: topClasses[index * top + rank] ?? 0,
    probability: topProbabilities[index * top + rank] ?? 0,
  }))
}

/** The images that `isAsked` holds for, those that the network was surest of first. */
export function rankImages(
  predictions: TestPredictions,
  isAsked: (label: number, predicted: number) => boolean,
): number[] {
  const indices = [...predictions.labels.keys()].filter(index =>
    isAsked(predictions.labels[index] ?? 0, predictedClass(predictions, index)),
  )
  return indices.sort((a, b) => confidence(predictions, b) - confidence(predictions, a) || a - b)
}
