import t from 'tap'
import { readCurve, thin } from '../../src/training/runs/curve.js'
import type { RunEvent } from '../../src/training/runs/run-events.js'
import { startedEvent } from '../support/started-event.js'

type Told<Type> = Extract<RunEvent, { type: Type }>

const step = (step: number, loss: number, accuracy = 0.5): Told<'step'> => ({
  ...{ type: 'step', epoch: Math.ceil(step / 10), step, loss, accuracy, imagesPerSecond: 1 },
})
const epoch = (epoch: number, loss: number): Told<'epoch'> => ({
  ...{ type: 'epoch', epoch, step: epoch * 10, loss, accuracy: 0.5, seconds: 1, imagesPerSecond: 1 },
  ...{ validationLoss: null, validationAccuracy: null },
})
const started = (resumedFrom?: { step: number; epoch: number }): Told<'started'> => ({
  ...startedEvent,
  ...(resumedFrom ? { resumedFrom } : {}),
})

t.test('what a lost worker told after the checkpoint is not in the curve twice', async t => {
  const lost = [started(), step(5, 9), step(10, 8), epoch(1, 8), step(15, 7), step(20, 6), epoch(2, 6)]
  const again = [started({ step: 12, epoch: 2 }), step(16, 5), step(20, 4), epoch(2, 4)]
  const { steps, epochs } = readCurve([...lost, ...again])
  t.strictSame(
    steps.map(point => [point.step, point.loss]),
    [
      [5, 9],
      [10, 8],
      [16, 5],
      [20, 4],
    ],
  )
  t.strictSame(
    epochs.map(point => [point.epoch, point.loss]),
    [
      [1, 8],
      [2, 4],
    ],
  )
})

t.test(
  'an epoch whose end was told before its checkpoint is told again by the next attempt alone',
  async t => {
    const { epochs } = readCurve([
      ...[started(), step(10, 8), epoch(1, 8)],
      ...[started({ step: 10, epoch: 1 }), epoch(1, 8)],
    ])
    t.equal(epochs.length, 1)
  },
)

t.test('an attempt without a checkpoint begins the curve anew', async t => {
  t.strictSame(readCurve([started(), step(5, 9), epoch(1, 8), started(), step(4, 7)]), {
    steps: [step(4, 7)],
    epochs: [],
  })
})

t.test('a long curve is thinned without losing its ends and extremes', async t => {
  const noise = (n: number) => Math.abs(Math.sin(n * 12.9898) * 43758.5453) % 1
  const points = Array.from({ length: 10_000 }, (_, n) => step(n + 1, 1 + noise(n), noise(n + 7)))
  points[6_543] = step(6_544, 99, 1)
  points[1_234] = step(1_235, 0.001, 0)
  const kept = thin(points, 600)
  t.ok(kept.length <= 600 && kept.length > 300, `${kept.length} points`)
  t.equal(kept[0], points[0])
  t.equal(kept.at(-1), points.at(-1))
  t.ok(kept.some(point => point.loss === 99))
  t.ok(kept.some(point => point.loss === 0.001))
  t.strictSame(
    kept.map(point => point.step),
    kept.map(point => point.step).sort((a, b) => a - b),
    'in order',
  )
  t.strictSame(thin(points.slice(0, 50), 600), points.slice(0, 50), 'a short one stays whole')
})
