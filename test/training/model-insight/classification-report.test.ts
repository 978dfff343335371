import t from 'tap'
import { reportClassification } from '../../../src/training/model-insight/classification-report.js'

/** The matrix of two lists of labels, true and predicted. */
function matrixOf(truth: readonly number[], predicted: readonly number[], classes: number): number[][] {
  const rows = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const [place, label] of truth.entries()) {
    const row = rows[label]
    const guess = predicted[place]
    if (row && guess !== undefined) row[guess] = (row[guess] ?? 0) + 1
  }
  return rows
}

const rounded = (value: number) => Number(value.toFixed(2))
const shown = ({
  precision,
  recall,
  f1,
  support,
}: Record<'precision' | 'recall' | 'f1' | 'support', number>) =>
  [...[precision, recall, f1].map(rounded), support] as const

// Example and values are those of scikit-learn's documentation of `classification_report`.
t.test('a report has the values of scikit-learn where a class is never hit', async t => {
  const names = ['class 0', 'class 1', 'class 2']
  const report = reportClassification(matrixOf([0, 1, 2, 2, 2], [0, 0, 2, 2, 1], 3), names)
  t.strictSame(
    report.classes.map(({ name, ...scores }) => [name, ...shown(scores)]),
    [
      ['class 0', 0.5, 1, 0.67, 1],
      ['class 1', 0, 0, 0, 1],
      ['class 2', 1, 0.67, 0.8, 3],
    ],
  )
  t.equal(report.accuracy, 0.6)
  t.strictSame(shown(report.macroAverage), [0.5, 0.56, 0.49, 5])
  t.strictSame(shown(report.weightedAverage), [0.7, 0.6, 0.61, 5])
})

t.test('what would be a division by zero is 0, and counts in the mean over the classes', async t => {
  const report = reportClassification(matrixOf([1, 1, 1], [1, 1, 2], 4), ['a', 'b', 'c', 'd'])
  t.strictSame(report.classes.map(shown), [
    [0, 0, 0, 0],
    [1, 0.67, 0.8, 3],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ])
  t.strictSame(shown(report.macroAverage), [0.25, 0.17, 0.2, 3])
  t.strictSame(shown(report.weightedAverage), [1, 0.67, 0.8, 3])
})

t.test('a model that takes every image for what it is has 1 everywhere', async t => {
  const report = reportClassification(matrixOf([0, 1, 1], [0, 1, 1], 2), ['a', 'b'])
  t.equal(report.accuracy, 1)
  t.strictSame(shown(report.weightedAverage), [1, 1, 1, 3])
  t.strictSame(shown(report.macroAverage), [1, 1, 1, 3])
})

t.test('without a single test image everything is 0', async t => {
  const report = reportClassification(
    [
      [0, 0],
      [0, 0],
    ],
    ['a', 'b'],
  )
  t.equal(report.accuracy, 0)
  t.strictSame(shown(report.weightedAverage), [0, 0, 0, 0])
})
