import type { ScheduleSpec } from './optimization-spec.js'

/** How long a run is, which a schedule in epochs is stretched to. */
export interface RunLength {
  epochs: number
  stepsPerEpoch: number
}

/**
 * The learning rate of a step, from the schedule and nothing else: a run that goes on from its middle has the
 * rate that it would have had.
 *
 * A warm-up of W steps rises by equal parts, from 1 / W of the rate at its first step to all of it at its
 * last; the schedule begins at the step after it and ends with the run.
 * Sources: I. Loshchilov and F. Hutter, “SGDR”, ICLR 2017, equation 5 (cosine); L. N. Smith and N. Topin,
 * “Super-convergence”, arXiv:1708.07120, in PyTorch's form of two cosines, without its cycle of momentum
 * (one-cycle).
 * @param learningRate the highest that there is
 * @param step counted from 1
 */
export function learningRateAt(
  schedule: ScheduleSpec,
  learningRate: number,
  { epochs, stepsPerEpoch }: RunLength,
  step: number,
): number {
  const totalSteps = epochs * stepsPerEpoch
  if (schedule.name === 'one-cycle') return oneCycle(schedule, learningRate, totalSteps, step - 1)
  const warmupSteps = Math.round(schedule.warmupEpochs * stepsPerEpoch)
  if (step <= warmupSteps) return learningRate * (step / warmupSteps)
  const since = step - 1 - warmupSteps
  switch (schedule.name) {
    case 'constant':
      return learningRate
    case 'step': {
      const stepsBetween = Math.max(1, Math.round(schedule.everyEpochs * stepsPerEpoch))
      return learningRate * schedule.factor ** Math.floor(since / stepsBetween)
    }
    case 'exponential':
      return learningRate * schedule.factor ** (since / stepsPerEpoch)
    case 'cosine':
      return alongCosine(learningRate, learningRate * schedule.endShare, since / (totalSteps - warmupSteps))
  }
}

function oneCycle(
  { peakAt, startDivisor, endDivisor }: Extract<ScheduleSpec, { name: 'one-cycle' }>,
  learningRate: number,
  totalSteps: number,
  since: number,
): number {
  const peak = peakAt * totalSteps - 1
  const start = learningRate / startDivisor
  if (since <= peak) return alongCosine(start, learningRate, since / peak)
  return alongCosine(learningRate, start / endDivisor, (since - peak) / (totalSteps - 1 - peak))
}

/** From one rate to another, slowly at both ends. */
function alongCosine(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
}
