import { z } from 'zod'
import { MachineClass, RunPriority } from '../../generated/prisma/enums.js'
import { holdReasons } from '../queue/decide-releases.js'
import { mostPredictedImages, predictionImage } from './child-protocol.js'
import { epochEvent, runEvent, stepEvent } from './run-events.js'
import { runProvenance } from './run-provenance.js'
import { runStatuses } from './run-states.js'
import { modelFileNames } from './run-view.js'

export const runId = z.uuid('must be the id of a run')
export const labId = z.string().min(1).max(200)

/** Opaque to us: a UUID is usual. */
export const idempotencyKey = z.string().trim().min(1).max(200)

export const launchInput = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional(),
    /** The lab whose spec is the run's, but for what `spec` says otherwise. */
    labId: labId.optional(),
    /**
     * A training spec, or with a lab what shall differ from its own. Whether it is whole shows only together
     * with the lab's, where it is parsed.
     */
    spec: z.record(z.string(), z.unknown()).optional(),
    /** Among the own runs; only an admin's may be URGENT. */
    priority: z.enum(RunPriority).optional(),
    idempotencyKey: idempotencyKey.optional(),
  })
  .refine(
    input => input.labId !== undefined || input.spec !== undefined,
    'must have a labId, a spec, or both',
  )
export type LaunchInput = z.output<typeof launchInput>

export const priorityInput = z.strictObject({ priority: z.enum(RunPriority) })
export const rerunInput = z.strictObject({
  /** The name of the run that is repeated, where it is left out. */
  name: launchInput.shape.name,
  /** What shall differ from that run's spec. */
  spec: launchInput.shape.spec,
  idempotencyKey: idempotencyKey.optional(),
})
export type RerunInput = z.output<typeof rerunInput>

export const modelFile = z.enum(modelFileNames)

export const predictionInput = z.strictObject({ image: predictionImage })
export const predictionBatchInput = z.strictObject({
  images: z
    .array(predictionImage)
    .min(1, 'must have an image')
    .max(
      mostPredictedImages,
      `must have at most ${mostPredictedImages} images: send the others in another request`,
    ),
})

/** The number of the last event that a client has seen; 0 for none. */
export const eventNumber = z.coerce.number().int().min(0).max(2_147_483_647)

/** A page of a run's events. */
export const eventPage = z.object({
  first: z.coerce.number().int().min(1).max(1000).default(100),
  after: eventNumber.default(0),
})

export const curveQuery = z.object({ maxPoints: z.coerce.number().int().min(10).max(2_000).default(500) })

export const curveBody = z.object({ steps: z.array(stepEvent), epochs: z.array(epochEvent) })

const classProbabilities = z.array(z.object({ name: z.string(), probability: z.number() }))

export const prediction = z.object({ classes: classProbabilities })
export type Prediction = z.output<typeof prediction>

export const batchedPrediction = z.object({
  index: z.int().describe('The place of the image in the request, from 0.'),
  classes: classProbabilities.nullable().describe('Null where the image could not be recognised.'),
  problem: z.string().nullable().describe('Why the image could not be recognised.'),
})
export type BatchedPrediction = z.output<typeof batchedPrediction>

const json = z.unknown()

/** An event as REST shows it. */
export const eventBody = z.object({
  number: z.number(),
  attempt: z.number(),
  createdAt: z.date(),
  event: runEvent,
})

/** A run as both faces show it. */
export const runBody = z.object({
  id: z.string(),
  ownerId: z.string(),
  courseId: z.string().nullable(),
  labId: z.string().nullable(),
  lessonRevisionId: z.string().nullable(),
  name: z.string(),
  spec: json,
  status: z.enum(runStatuses),
  priority: z.enum(RunPriority),
  machineClass: z.enum(MachineClass).describe('Whose queue it waits in.'),
  releasedAt: z.date().nullable().describe('When it was let into its queue; null while it is held.'),
  heldReason: z.enum(holdReasons).nullable().describe('The quota that holds it back.'),
  secondsAllowed: z
    .number()
    .nullable()
    .describe(
      'What was left of the student’s budget of the day when it was released; null without a budget.',
    ),
  attempt: z.number(),
  lastEvent: z.number(),
  cancelRequestedAt: z.date().nullable(),
  pauseRequestedAt: z.date().nullable(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
  engine: z.string().nullable(),
  device: z.string().nullable(),
  tags: z.array(z.string()),
  notes: z.string().nullable().describe('Markdown, as it was written.'),
  provenance: runProvenance
    .nullable()
    .describe('What it was computed with, beside its spec. Null until it has begun to train.'),
  rerunOfId: z.string().nullable().describe('The run that it repeats.'),
  result: json.describe('Null unless the run succeeded.'),
  failure: json.describe('Null unless the run failed.'),
  modelFiles: z.array(modelFile),
})
