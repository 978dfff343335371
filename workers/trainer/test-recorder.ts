import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageShape } from '../../src/networks/network.js'
import {
  encodeTestPredictions,
  type TestPredictions,
  TOP_CLASSES,
  testImagesFile,
  testPredictionsFile,
} from '../../src/training/contract.js'
import type { ImageSet } from '../datasets/dataset.js'
import { pickImages } from '../datasets/pick-images.js'
import { chooseShownImages } from './choose-shown-images.js'

/** All test images of MNIST; of larger ones as many as there is room for. */
const MOST_BYTES_OF_IMAGES = 8 * 1024 * 1024

/** Keeps what a network says of each test image. */
export class TestRecorder {
  readonly predictions: TestPredictions

  constructor(
    private readonly set: ImageSet,
    imageShape: ImageShape,
    classes: number,
  ) {
    const top = Math.min(TOP_CLASSES, classes)
    this.predictions = {
      imageShape,
      top,
      labels: set.labels,
      topClasses: new Uint8Array(set.count * top),
      topProbabilities: new Float32Array(set.count * top),
      places: new Int32Array(set.count).fill(-1),
    }
  }

  /** @param logits of the image at `index`, one for each class */
  record(index: number, logits: ArrayLike<number>): void {
    const { top, topClasses, topProbabilities } = this.predictions
    const largest = Array.from(logits).reduce(
      (most, logit) => Math.max(most, logit),
      Number.NEGATIVE_INFINITY,
    )
    const exponentials = Array.from(logits, logit => Math.exp(logit - largest))
    const total = exponentials.reduce((sum, value) => sum + value, 0)
    const order = [...exponentials.keys()].sort(
      (a, b) => (exponentials[b] ?? 0) - (exponentials[a] ?? 0) || a - b,
    )
    for (const [rank, label] of order.slice(0, top).entries()) {
      topClasses[index * top + rank] = label
      topProbabilities[index * top + rank] = (exponentials[label] ?? 0) / total
    }
  }

  /**
   * Writes the predictions, and images to show for them.
   * @returns the names of the files written
   */
  async save(directory: string, mostBytes = MOST_BYTES_OF_IMAGES): Promise<string[]> {
    const { imageShape, places } = this.predictions
    const imageSize = imageShape.reduce((product, side) => product * side, 1)
    const shown = chooseShownImages(this.predictions, Math.floor(mostBytes / imageSize))
    for (const [place, index] of shown.entries()) places[index] = place
    await writeFile(join(directory, testImagesFile), pickImages(this.set, shown).pixels)
    await writeFile(join(directory, testPredictionsFile), encodeTestPredictions(this.predictions))
    return [testImagesFile, testPredictionsFile]
  }
}
