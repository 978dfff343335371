import type { Dataset } from '../datasets/dataset.js'
import { Failure } from './failure.js'
import type { SelectedImages } from './select-images.js'

/**
 * Refuses images of which nothing can be learned.
 * @throws Failure where those to train on are all of one class, or one has a label that is no class
 */
export function checkImages({ description, training }: Dataset, images: SelectedImages): void {
  const { classNames } = description
  const classes = new Set<number>()
  for (const index of images.training) classes.add(training.labels[index] ?? Number.NaN)
  const stray = [...classes].find(label => !(label < classNames.length))
  if (stray !== undefined) {
    throw new Failure({
      code: 'DATASET_LABEL_UNKNOWN',
      message:
        `An image of '${description.id}' has the label ${stray}, ` +
        `and there are ${classNames.length} classes.`,
      hint: 'Give every image one of the classes, and each class a name.',
      fault: 'spec',
    })
  }
  const [only = 0] = classes
  if (classes.size > 1) return
  throw new Failure({
    code: 'DATASET_ONE_CLASS',
    message:
      `The ${images.training.length} images to train on are all of the class '${classNames[only]}': ` +
      'there is nothing to tell apart.',
    hint: 'Train on more images, or on a dataset with images of at least two classes.',
    fault: 'spec',
  })
}
