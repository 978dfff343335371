import t from 'tap'
import { alignEpochs, alignSteps } from '../../../src/training/comparison/align-curves.js'
import { compareSpecs } from '../../../src/training/comparison/compare-specs.js'
import { subtractMatrices } from '../../../src/training/comparison/subtract-matrices.js'
import type { Curve } from '../../../src/training/runs/curve.js'

const curve = (
  steps: [step: number, loss: number][],
  epochs: [epoch: number, loss: number][] = [],
): Curve => ({
  steps: steps.map(([step, loss]) => ({
    ...{ type: 'step', epoch: 1, step, loss, accuracy: 1 - loss, imagesPerSecond: 1 },
  })),
  epochs: epochs.map(([epoch, loss]) => ({
    ...{ type: 'epoch', epoch, step: 10 * epoch, loss, accuracy: 1 - loss, seconds: 1, imagesPerSecond: 1 },
    ...{ validationLoss: 2 * loss, validationAccuracy: null },
  })),
})

t.test('specs differ where what they say does, down to what stands in objects', async t => {
  const adam = { seed: 1, optimizer: { name: 'adam', beta1: 0.9 }, classes: [1, 2], augmentation: {} }
  const sgd = { optimizer: { momentum: 0.9, name: 'sgd' }, seed: 1, classes: [1, 3], from: { runId: 'a' } }
  t.strictSame(compareSpecs([adam, sgd]), [
    { path: 'augmentation', values: [{}, null] },
    {
      path: 'classes',
      values: [
        [1, 2],
        [1, 3],
      ],
    },
    { path: 'from.runId', values: [null, 'a'] },
    { path: 'optimizer.beta1', values: [0.9, null] },
    { path: 'optimizer.momentum', values: [null, 0.9] },
    { path: 'optimizer.name', values: ['adam', 'sgd'] },
  ])
  t.strictSame(compareSpecs([adam, { ...adam }, { ...adam, seed: 2 }]), [{ path: 'seed', values: [1, 1, 2] }])
  t.strictSame(compareSpecs([{ schedule: 'constant' }, { schedule: { name: 'cosine' } }]), [
    { path: 'schedule', values: ['constant', { name: 'cosine' }] },
  ])
  t.strictSame(compareSpecs([adam, structuredClone(adam)]), [])
})

t.test('at each step a run has the mean that was told of it, and nothing behind its end', async t => {
  const first = curve([
    [4, 0.5],
    [8, 0.25],
    [12, 0.125],
  ])
  const second = curve([
    [5, 0.75],
    [8, 0.5],
  ])
  t.strictSame(alignSteps([first, second, curve([])], 48), [
    { step: 4, loss: [0.5, 0.75, null], accuracy: [0.5, 0.25, null] },
    { step: 5, loss: [0.25, 0.75, null], accuracy: [0.75, 0.25, null] },
    { step: 8, loss: [0.25, 0.5, null], accuracy: [0.75, 0.5, null] },
    { step: 12, loss: [0.125, null, null], accuracy: [0.875, null, null] },
  ])
  t.strictSame(alignSteps([curve([]), curve([])], 48), [])
})

t.test('long curves are thinned together, and keep the extremes of each', async t => {
  const long = (peak: number) =>
    curve(Array.from({ length: 5_000 }, (_, index) => [index + 1, index + 1 === peak ? 1 : 0.5]))
  const rows = alignSteps([long(1_234), long(4_321)], 100)
  t.ok(rows.length <= 100, `${rows.length}`)
  t.strictSame([rows.at(0)?.step, rows.at(-1)?.step], [1, 5_000])
  t.strictSame(rows.find(({ step }) => step === 1_234)?.loss, [1, 0.5])
  t.strictSame(rows.find(({ step }) => step === 4_321)?.loss, [0.5, 1])
})

t.test('epochs stand side by side up to the last of the longest run', async t => {
  const aligned = alignEpochs([
    curve([], [[1, 0.5]]),
    curve(
      [],
      [
        [1, 0.25],
        [2, 0.125],
      ],
    ),
  ])
  t.strictSame(aligned, [
    {
      ...{ epoch: 1, loss: [0.5, 0.25], accuracy: [0.5, 0.75] },
      ...{ validationLoss: [1, 0.5], validationAccuracy: [null, null] },
    },
    {
      ...{ epoch: 2, loss: [null, 0.125], accuracy: [null, 0.875] },
      ...{ validationLoss: [null, 0.25], validationAccuracy: [null, null] },
    },
  ])
  t.strictSame(alignEpochs([curve([]), curve([])]), [])
})

t.test('matrices are subtracted where both runs know the same classes', async t => {
  const confusionMatrix = [
    [3, 1],
    [0, 4],
  ]
  const base = { classNames: ['no', 'yes'], confusionMatrix }
  const better = {
    classNames: ['no', 'yes'],
    confusionMatrix: [
      [4, 0],
      [1, 3],
    ],
  }
  t.strictSame(subtractMatrices(base, better), {
    classNames: ['no', 'yes'],
    matrix: [
      [1, -1],
      [1, -1],
    ],
    reason: null,
  })
  const turned = { ...better, classNames: ['yes', 'no'] }
  t.match(subtractMatrices(base, turned), { matrix: null, reason: /other classes/ })
  t.match(subtractMatrices(base, undefined), { matrix: null, reason: /^The run has no confusion matrix/ })
  t.match(subtractMatrices(undefined, base), { matrix: null, reason: /^The first run has no/ })
})
