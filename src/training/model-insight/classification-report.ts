export interface ClassScores {
  precision: number
  recall: number
  f1: number
  /** Images that are of the class, or of all classes. */
  support: number
}

export interface ClassificationReport {
  accuracy: number
  classes: ({ name: string } & ClassScores)[]
  /** The mean over the classes, each of them counting the same. */
  macroAverage: ClassScores
  /** The mean over the classes, each of them counting as often as it has images. */
  weightedAverage: ClassScores
}

/**
 * How well each class is told from the others, as scikit-learn's `classification_report` defines it: precision is
 * the share of what was taken for the class that is of it, recall the share of what is of it that was taken for it,
 * and F1 their harmonic mean. What would be a division by zero is 0, and counts as 0 in the averages.
 *
 * @param confusionMatrix square: images of class `row` that were taken for class `column`
 */
export function reportClassification(
  confusionMatrix: readonly (readonly number[])[],
  classNames: readonly string[],
): ClassificationReport {
  const classes = confusionMatrix.map((row, place) => {
    const hits = row[place] ?? 0
    const support = sum(row)
    const predicted = sum(confusionMatrix.map(other => other[place] ?? 0))
    const scores = {
      precision: share(hits, predicted),
      recall: share(hits, support),
      // The harmonic mean in terms of counts: it needs neither of the two to be defined.
      f1: share(2 * hits, predicted + support),
      support,
    }
    return { name: classNames[place] ?? `${place}`, ...scores }
  })
  const images = sum(classes.map(({ support }) => support))
  const hits = sum(confusionMatrix.map((row, place) => row[place] ?? 0))
  return {
    accuracy: share(hits, images),
    classes,
    macroAverage: average(classes, images, () => 1),
    weightedAverage: average(classes, images, ({ support }) => support),
  }
}

function average(
  classes: readonly ClassScores[],
  support: number,
  weightOf: (scores: ClassScores) => number,
): ClassScores {
  const total = sum(classes.map(weightOf))
  const mean = (of: 'precision' | 'recall' | 'f1') =>
    share(sum(classes.map(scores => weightOf(scores) * scores[of])), total)
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1'), support }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
