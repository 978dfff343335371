import { z } from 'zod'

/**
 * Weight decay as `sgd`, `rmsprop` and `adam` mean it: an L2 penalty, which adds `weightDecay` times the
 * weight to its gradient (A. Krizhevsky et al., NIPS 2012, section 5; also PyTorch's `weight_decay`).
 */
const l2Decay = z.number().min(0).max(1).default(0)
/** Biases and the scales and shifts of batch normalisation do not decay unless this is set. */
const decayAll = z.boolean().default(false)
const share = z.number().min(0).lt(1)
const epsilon = z.number().positive().max(1).default(1e-7)

const sgd = z.strictObject({
  name: z.literal('sgd'),
  momentum: share.default(0),
  nesterov: z.boolean().default(false),
  weightDecay: l2Decay,
  decayAll,
})

/** Defaults: T. Tieleman and G. Hinton, “Lecture 6.5: RMSprop”, 2012; epsilon as in Keras. */
const rmsprop = z.strictObject({
  name: z.literal('rmsprop'),
  rho: share.default(0.9),
  momentum: share.default(0),
  epsilon,
  weightDecay: l2Decay,
  decayAll,
})

/** Defaults: D. P. Kingma and J. Ba, “Adam”, ICLR 2015; epsilon as in Keras. */
const moments = { beta1: share.default(0.9), beta2: share.default(0.999), epsilon }

const adam = z.strictObject({ name: z.literal('adam'), ...moments, weightDecay: l2Decay, decayAll })

/**
 * Adam whose weight decay is decoupled from the gradient: each step also shrinks a weight by the learning
 * rate times `weightDecay`. I. Loshchilov and F. Hutter, “Decoupled weight decay regularization”, ICLR 2019;
 * default as in PyTorch.
 */
const adamw = z.strictObject({
  name: z.literal('adamw'),
  ...moments,
  weightDecay: z.number().min(0).max(1).default(0.01),
  decayAll,
})

export const optimizerSpec = z.discriminatedUnion('name', [sgd, rmsprop, adam, adamw])
export type OptimizerSpec = z.output<typeof optimizerSpec>

/**
 * Epochs, or a part of one, over which the rate rises linearly before the schedule proper begins. P. Goyal et
 * al., “Accurate, large minibatch SGD”, arXiv:1706.02677, section 2.2.
 */
const warmupEpochs = z.number().min(0).max(100).default(0)

/** How the learning rate moves during a run: see `learningRateAt`. */
export const scheduleSpec = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), warmupEpochs }),
  /** Times `factor` after every `everyEpochs`. */
  z.strictObject({
    name: z.literal('step'),
    everyEpochs: z.number().positive().max(100).default(1),
    factor: z.number().positive().lt(1).default(0.1),
    warmupEpochs,
  }),
  /** Times `factor` an epoch, little by little at each step. */
  z.strictObject({
    name: z.literal('exponential'),
    factor: z.number().positive().lt(1).default(0.9),
    warmupEpochs,
  }),
  /** Down along half a cosine, to `endShare` of the learning rate. */
  z.strictObject({ name: z.literal('cosine'), endShare: share.default(0), warmupEpochs }),
  /**
   * From the learning rate / `startDivisor` up to it, which takes `peakAt` of the run, and down to its
   * beginning / `endDivisor`. Defaults as in PyTorch.
   */
  z.strictObject({
    name: z.literal('one-cycle'),
    peakAt: z.number().positive().lt(1).default(0.3),
    startDivisor: z.number().min(1).max(1e6).default(25),
    endDivisor: z.number().min(1).max(1e8).default(1e4),
  }),
])
export type ScheduleSpec = z.output<typeof scheduleSpec>

/**
 * `norm` scales all gradients together, so that their joint L2 norm is at most `limit`; `value` cuts each
 * number.
 */
export const gradientClipping = z.strictObject({
  by: z.enum(['norm', 'value']).default('norm'),
  limit: z.number().positive().max(1e6).default(1),
})
export type GradientClipping = z.output<typeof gradientClipping>

/**
 * Ends a run after `patience` epochs in a row that were not better by more than `minDelta` than the best
 * before them, and keeps the weights of the best, also where the run comes to its end.
 */
export const earlyStopping = z.strictObject({
  monitor: z.enum(['validationLoss', 'validationAccuracy']).default('validationLoss'),
  patience: z.int().min(1).max(100).default(3),
  minDelta: z.number().min(0).max(1).default(0),
})
export type EarlyStoppingSpec = z.output<typeof earlyStopping>

/** How a run seeks better weights: fields of the training spec. */
export const optimizationFields = {
  optimizer: optimizerSpec.prefault({ name: 'adam' }),
  /** The highest that the schedule comes to. */
  learningRate: z.number().positive().max(10).default(0.001),
  schedule: scheduleSpec.prefault({ name: 'constant' }),
  /**
   * What is taken from the right class and shared among all: C. Szegedy et al., “Rethinking the Inception
   * architecture”, CVPR 2016, section 7. Losses of validation and test are measured without it.
   */
  labelSmoothing: z.number().min(0).max(0.5).default(0),
  /** null for none. */
  gradientClipping: gradientClipping.nullable().default(null),
  /** null for none. */
  earlyStopping: earlyStopping.nullable().default(null),
}

const optimization = z.object(optimizationFields)
type OptimizationSpec = z.output<typeof optimization>

interface Problem {
  field: keyof OptimizationSpec
  message: string
}

/** What of a run's optimization contradicts itself or its length: see `validateSpec`. */
export function findOptimizationProblems(
  spec: OptimizationSpec & { epochs: number; validationSplit: number },
): Problem[] {
  const { optimizer, schedule, epochs } = spec
  const problems: Problem[] = []
  if (optimizer.name === 'sgd' && optimizer.nesterov && optimizer.momentum === 0) {
    const message =
      'Nesterov momentum needs a momentum above 0: set momentum (0.9 is usual) or nesterov to false.'
    problems.push({ field: 'optimizer', message })
  }
  if (optimizer.name === 'adamw' && spec.learningRate * optimizer.weightDecay >= 1) {
    const message =
      `A learning rate of ${spec.learningRate} times a weight decay of ${optimizer.weightDecay} takes the ` +
      'whole of a weight at each step: make their product much smaller than 1.'
    problems.push({ field: 'optimizer', message })
  }
  if (schedule.name !== 'one-cycle' && schedule.warmupEpochs >= epochs) {
    const message =
      `A warm-up of ${schedule.warmupEpochs} epochs leaves nothing of a run of ${epochs}: ` +
      'make it shorter than the run.'
    problems.push({ field: 'schedule', message })
  }
  if (spec.earlyStopping && spec.validationSplit === 0) {
    const message =
      'Early stopping goes by the validation images, and a validation split of 0 leaves none: ' +
      'set validationSplit (0.1 is usual), or leave early stopping out.'
    problems.push({ field: 'earlyStopping', message })
  }
  return problems
}

/**
 * What stands in the way of a schedule when the run's steps are counted: one cycle needs steps on both sides
 * of its peak.
 */
export function findScheduleProblems(schedule: ScheduleSpec, totalSteps: number): Problem[] {
  if (schedule.name !== 'one-cycle') return []
  const rising = schedule.peakAt * totalSteps - 1
  if (rising >= 1 && totalSteps - 1 - rising >= 1) return []
  const message =
    `A peak at ${schedule.peakAt} of a run of ${totalSteps} steps leaves fewer than one step to rise or to ` +
    'fall in: move peakAt towards the middle, or train for more steps.'
  return [{ field: 'schedule', message }]
}
