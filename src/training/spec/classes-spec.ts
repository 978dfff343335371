import { z } from 'zod'
import type { DatasetDescription } from '../datasets/datasets.js'
import type { SpecProblem } from './training-spec.js'

/** Labels are bytes. */
const MOST_CLASSES = 256

export const classFields = {
  /**
   * Train, validate and test on the images of these classes alone, given by their places in the dataset. The
   * first one becomes class 0, and so on.
   */
  classes: z
    .array(
      z
        .int()
        .min(0)
        .max(MOST_CLASSES - 1),
    )
    .min(2)
    .max(MOST_CLASSES)
    .refine(classes => new Set(classes).size === classes.length, 'must name each class once')
    .optional(),
}

type Classes = readonly number[] | undefined

export function findClassProblems(
  classes: Classes,
  { id, classNames }: Pick<DatasetDescription, 'id' | 'classNames'>,
): SpecProblem[] {
  const stray = classes?.find(label => label >= classNames.length)
  if (stray === undefined) return []
  return [
    {
      field: 'classes',
      message: `'${id}' has ${classNames.length} classes, 0 to ${classNames.length - 1}: there is no class ${stray}.`,
    },
  ]
}

/** What a dataset is when only these of its classes are kept; the whole of it where none are named. */
export function keepClasses<Description extends DatasetDescription>(
  dataset: Description,
  classes: Classes,
): Description {
  if (!classes) return dataset
  const kept = <Item>(items: readonly Item[]) =>
    classes.map(label => items[label]).filter(item => item !== undefined)
  const imagesOfClasses = {
    training: kept(dataset.imagesOfClasses.training),
    test: kept(dataset.imagesOfClasses.test),
  }
  return {
    ...dataset,
    classNames: kept(dataset.classNames),
    imagesOfClasses,
    trainingImages: sum(imagesOfClasses.training),
    testImages: sum(imagesOfClasses.test),
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
