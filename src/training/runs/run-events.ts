import { z } from 'zod'

const count = z.int().nonnegative()
const share = z.number().min(0).max(1)
/** Counted from 1, the way people do. */
const ordinal = z.int().min(1)

/** The run's child process has read its data and begins to train. */
const started = z.object({
  type: z.literal('started'),
  engine: z.string(),
  device: z.string(),
  engineVersion: z.string(),
  architecture: z.string(),
  dataset: z.string(),
  /** SHA-256 of the dataset as decoded. */
  datasetChecksum: z.string(),
  /** Runs of before it was told have none. */
  versions: z
    .object({ code: z.string(), node: z.string(), tfjs: z.string(), platform: z.string() })
    .optional(),
  parameters: count,
  trainingImages: count,
  validationImages: count,
  testImages: count,
  stepsPerEpoch: count,
  epochs: count,
  /**
   * Where the run goes on from a checkpoint: the steps taken before, and the epoch of the next one. What its history
   * says of later steps, and of that epoch's end, was lost with the worker and is told again.
   */
  resumedFrom: z.object({ step: count, epoch: ordinal }).optional(),
})

/** Loss and accuracy of the batches since the last such event: four times a second at first, more seldom in a long run. */
export const stepEvent = z.object({
  type: z.literal('step'),
  epoch: ordinal,
  /** Steps since the run's beginning, over all epochs. */
  step: ordinal,
  loss: z.number(),
  accuracy: share,
  imagesPerSecond: z.number().nonnegative(),
  /** Of this step. */
  learningRate: z.number().nonnegative().optional(),
})

export const epochEvent = z.object({
  type: z.literal('epoch'),
  epoch: ordinal,
  step: ordinal,
  loss: z.number(),
  accuracy: share,
  validationLoss: z.number().nullable(),
  validationAccuracy: share.nullable(),
  /**
   * Whether the run would keep the weights of this epoch if it ended here; only early stopping compares them.
   */
  best: z.boolean().optional(),
  /** Wall time of the epoch's steps, without validation. */
  seconds: z.number().nonnegative(),
  imagesPerSecond: z.number().nonnegative(),
})

/** What the network says, at an epoch's end, of a few test images: the same ones over the whole run. */
const samples = z.object({
  type: z.literal('samples'),
  epoch: ordinal,
  step: ordinal,
  images: z.array(
    z.object({
      /** The image's place in the dataset's test set. */
      index: count,
      /** The name of the class that it is of. */
      label: z.string(),
      /** The name of the class that it is taken for. */
      predicted: z.string(),
      /** Of that class. */
      probability: share,
      /** The image as a PNG in a data URI, of 32 pixels at most: in the first such event of each attempt. */
      thumbnail: z.string().optional(),
    }),
  ),
})

const finished = z.object({
  type: z.literal('finished'),
  testLoss: z.number(),
  testAccuracy: share,
  /** Images of class `row` that were taken for class `column`. */
  confusionMatrix: z.array(z.array(count)),
  classNames: z.array(z.string()),
  /** Wall time from the first step to the end of the test. */
  seconds: z.number().nonnegative(),
  /** Over all training steps. */
  imagesPerSecond: z.number().nonnegative(),
  engine: z.string(),
  device: z.string(),
  /** Why no further epoch was trained. */
  endedBy: z.enum(['epochs', 'earlyStopping', 'deadline']).optional(),
  /** The epoch whose weights were kept and tested: the last, or with early stopping the best. */
  keptEpoch: ordinal.optional(),
})

const queued = z.object({ type: z.literal('queued'), attempt: ordinal })

const starting = z.object({ type: z.literal('starting'), attempt: ordinal, worker: z.string() })

const requeued = z.object({ type: z.literal('requeued'), attempt: ordinal, reason: z.string() })

/** The user who asked for it, where somebody did. */
const by = z.string().optional()

const cancelRequested = z.object({ type: z.literal('cancelRequested'), by })

const cancelled = z.object({ type: z.literal('cancelled'), by })

const pauseRequested = z.object({ type: z.literal('pauseRequested'), by })

const paused = z.object({ type: z.literal('paused'), by })

const resumed = z.object({ type: z.literal('resumed'), attempt: ordinal, by })

/** No checkpoint could be stored; the run trains on. */
const checkpointFailed = z.object({ type: z.literal('checkpointFailed'), step: count, reason: z.string() })

/** A checkpoint is stored: the run can go on from here. */
const checkpoint = z.object({ type: z.literal('checkpoint'), step: count, epoch: ordinal })

const failed = z.object({
  type: z.literal('failed'),
  code: z.string(),
  message: z.string(),
  /** What to do about it. */
  hint: z.string(),
})

/** What the training child reports. Every number is finite: JSON has no NaN. */
export const trainerEvent = z.discriminatedUnion('type', [
  started,
  stepEvent,
  epochEvent,
  samples,
  checkpointFailed,
  finished,
])
export type TrainerEvent = z.output<typeof trainerEvent>

/** Everything that can happen to a run, from its child process, its supervisor or the API. */
export const runEvent = z.discriminatedUnion('type', [
  queued,
  starting,
  started,
  stepEvent,
  epochEvent,
  samples,
  finished,
  checkpoint,
  checkpointFailed,
  requeued,
  pauseRequested,
  paused,
  resumed,
  cancelRequested,
  cancelled,
  failed,
])
export type RunEvent = z.output<typeof runEvent>
