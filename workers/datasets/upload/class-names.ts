import { UploadRefused } from '../../../src/platform/upload-refused.js'
import { datasetLimits } from '../../../src/training/contract.js'

/** @throws UploadRefused where there are too few or too many, or one that can't be shown */
export function checkClassNames(classNames: readonly string[]): void {
  const { classes, classNameLength } = datasetLimits
  if (classNames.length < classes.min) {
    throw new UploadRefused(
      `All images are of one class, '${classNames[0]}': there is nothing to tell apart.`,
    )
  }
  if (classNames.length > classes.max) {
    throw new UploadRefused(`There are ${classNames.length} classes; ${classes.max} are taken.`)
  }
  const unusable = classNames.find(name => name.trim() === '' || /\p{Cc}/u.test(name))
  if (unusable !== undefined) throw new UploadRefused(`'${unusable}' is no name of a class.`)
  const long = classNames.find(name => name.length > classNameLength)
  if (long !== undefined) {
    throw new UploadRefused(
      `The name of the class '${long.slice(0, 40)}…' is longer than ${classNameLength} characters.`,
    )
  }
}

/** How many images each class has. */
export function countClasses(labels: Iterable<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}

/**
 * @param set as which the upload has these images; undefined where it is still to be split
 * @throws UploadRefused where a class has too few
 */
export function checkCounts(
  classNames: readonly string[],
  labels: Iterable<number>,
  set: string | undefined,
): void {
  const least = set === undefined ? datasetLimits.imagesOfClass : 1
  const counts = countClasses(labels, classNames.length)
  const label = counts.findIndex(count => count < least)
  if (label === -1) return
  const name = `The class '${classNames[label]}'`
  if (set !== undefined) throw new UploadRefused(`${name} has no image in ${set}.`)
  throw new UploadRefused(
    counts[label] === 0
      ? `${name} has no image.`
      : `${name} has only 1 image: one is to train on, one to test with.`,
  )
}
