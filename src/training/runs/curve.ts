import type { RunEvent } from './run-events.js'

type StepEvent = Extract<RunEvent, { type: 'step' }>
type EpochEvent = Extract<RunEvent, { type: 'epoch' }>

/** What a chart of a run draws. */
export interface Curve {
  steps: StepEvent[]
  epochs: EpochEvent[]
}

/** Those of a bucket that `thin` keeps: its first and last point, and the extremes of loss and accuracy. */
const keptOfBucket = 6

/**
 * A run's metrics as if no worker had been lost: an attempt goes on from its checkpoint, or begins anew, and what
 * was told of later steps before is told again by it.
 * @param events in order
 */
export function readCurve(events: Iterable<RunEvent>): Curve {
  const curve: Curve = { steps: [], epochs: [] }
  for (const event of events) {
    if (event.type === 'step') curve.steps.push(event)
    if (event.type === 'epoch') curve.epochs.push(event)
    if (event.type === 'started') {
      const { step, epoch } = event.resumedFrom ?? { step: 0, epoch: 1 }
      curve.steps = curve.steps.filter(told => told.step <= step)
      curve.epochs = curve.epochs.filter(told => told.epoch < epoch)
    }
  }
  return curve
}

/**
 * At most about `most` of the points, so that a line through them looks the same: of each of equal buckets the
 * first, the last, the lowest and the highest (M4: Jugel, Jerzak, Hackenbroich and Markl, VLDB 2014).
 */
export function thin(points: readonly StepEvent[], most: number): StepEvent[] {
  if (points.length <= most) return [...points]
  const buckets = Math.max(1, Math.floor(most / keptOfBucket))
  const size = Math.ceil(points.length / buckets)
  const kept = new Set<StepEvent>()
  for (let begin = 0; begin < points.length; begin += size) {
    const bucket = points.slice(begin, begin + size)
    for (const point of extremes(bucket)) kept.add(point)
  }
  return points.filter(point => kept.has(point))
}

function extremes(bucket: readonly StepEvent[]): StepEvent[] {
  const pick = (isBetter: (a: StepEvent, b: StepEvent) => boolean) =>
    bucket.reduce((best, point) => (isBetter(point, best) ? point : best))
  return [
    ...bucket.slice(0, 1),
    ...bucket.slice(-1),
    pick((a, b) => a.loss < b.loss),
    pick((a, b) => a.loss > b.loss),
    pick((a, b) => a.accuracy < b.accuracy),
    pick((a, b) => a.accuracy > b.accuracy),
  ]
}
