import { keepClasses } from '../../src/training/contract.js'
import type { Dataset, ImageSet } from './dataset.js'
import { pickImages } from './pick-images.js'

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

function selectImages(set: ImageSet, classes: readonly number[]): ImageSet {
  const newLabels = new Map(classes.map((label, place) => [label, place]))
  const kept = Uint32Array.from(set.labels.keys()).filter(index => newLabels.has(set.labels[index] ?? -1))
  const selected = pickImages(set, kept)
  return { ...selected, labels: selected.labels.map(label => newLabels.get(label) ?? 0) }
}
