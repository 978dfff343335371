import { type Curve, thin } from '../runs/curve.js'

/** What is said of each run, in their order; null of one that tells nothing there. */
type OfEach = (number | null)[]

export interface AlignedStep {
  step: number
  loss: OfEach
  accuracy: OfEach
}

export interface AlignedEpoch {
  epoch: number
  loss: OfEach
  accuracy: OfEach
  validationLoss: OfEach
  validationAccuracy: OfEach
}

/**
 * The curves on one axis: the steps that `thin` keeps of each of them, at most `most` together where that is six for
 * each or more. A point tells the mean of the steps since the point before: at a step between two of a run's points
 * it is the later one's, and nothing is interpolated.
 */
export function alignSteps(curves: readonly Curve[], most: number): AlignedStep[] {
  const share = Math.floor(most / curves.length)
  const kept = new Set(curves.flatMap(({ steps }) => thin(steps, share).map(({ step }) => step)))
  const axis = [...kept].sort((a, b) => a - b)
  const columns = curves.map(({ steps }) => coverSteps(steps, axis))
  return axis.map((step, row) => {
    const points = columns.map(column => column[row])
    return {
      step,
      loss: points.map(point => point?.loss ?? null),
      accuracy: points.map(point => point?.accuracy ?? null),
    }
  })
}

/** Of each step of the axis the point that tells of it; undefined behind the last point. Both are in order. */
function coverSteps(points: Curve['steps'], axis: readonly number[]) {
  let place = 0
  return axis.map(step => {
    while ((points[place]?.step ?? Infinity) < step) place++
    return points[place]
  })
}

/** What the runs told at the end of each epoch, up to the last of the longest. */
export function alignEpochs(curves: readonly Curve[]): AlignedEpoch[] {
  const last = Math.max(0, ...curves.flatMap(({ epochs }) => epochs.map(({ epoch }) => epoch)))
  return Array.from({ length: last }, (_, index) => {
    const told = curves.map(({ epochs }) => epochs.find(({ epoch }) => epoch === index + 1))
    return {
      epoch: index + 1,
      loss: told.map(event => event?.loss ?? null),
      accuracy: told.map(event => event?.accuracy ?? null),
      validationLoss: told.map(event => event?.validationLoss ?? null),
      validationAccuracy: told.map(event => event?.validationAccuracy ?? null),
    }
  })
}
