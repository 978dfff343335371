import { keepClasses } from '../../src/training/contract.js'
import type { Dataset, ImageSet } from './dataset.js'

/** A dataset's images of these classes alone, in their order and with their labels renumbered. */
export function selectClasses(dataset: Dataset, classes: readonly number[] | undefined): Dataset {
  if (!classes) return dataset
  return {
    description: keepClasses(dataset.description, classes),
    training: selectImages(dataset.training, classes),
    test: selectImages(dataset.test, classes),
    // Of the whole: that is what was read.
    checksum: dataset.checksum,
  }
}

function selectImages({ count, pixels, labels }: ImageSet, classes: readonly number[]): ImageSet {
  const newLabels = new Map(classes.map((label, place) => [label, place]))
  const kept = Uint32Array.from(labels.keys()).filter(index => newLabels.has(labels[index] ?? -1))
  const imageSize = pixels.length / count
  const selected = new Uint8Array(kept.length * imageSize)
  for (const [place, index] of kept.entries()) {
    selected.set(pixels.subarray(index * imageSize, (index + 1) * imageSize), place * imageSize)
  }
  return {
    count: kept.length,
    pixels: selected,
    labels: Uint8Array.from(kept, index => newLabels.get(labels[index] ?? -1) ?? 0),
  }
}
