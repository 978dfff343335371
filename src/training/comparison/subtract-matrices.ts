import { isDeepStrictEqual } from 'node:util'
import type { TestResult } from '../model-insight/model-insight-schemas.js'

/** A run's confusion matrix less that of the first run, or why it can't be told. */
export type MatrixDifference =
  | { classNames: readonly string[]; matrix: number[][]; reason: null }
  | { classNames: null; matrix: null; reason: string }

/** Undefined where a run has no result. */
export function subtractMatrices(
  base: TestResult | undefined,
  other: TestResult | undefined,
): MatrixDifference {
  if (base === undefined) return untold('The first run has no confusion matrix.')
  if (other === undefined) return untold('The run has no confusion matrix.')
  const { classNames } = base
  if (!isDeepStrictEqual(other.classNames, classNames))
    return untold('The run knows other classes than the first run, or has them in another order.')
  const matrix = other.confusionMatrix.map((row, place) =>
    row.map((count, column) => count - (base.confusionMatrix[place]?.[column] ?? 0)),
  )
  return { classNames, matrix, reason: null }
}

function untold(reason: string): MatrixDifference {
  return { classNames: null, matrix: null, reason }
}
