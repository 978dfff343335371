import { z } from 'zod'
import { fault, modelQuestion } from './child-protocol.js'

/** The queue on which the API asks the workers what a run's model makes of an image, and how it looks inside. */
export const predictionQueue = 'predictions'

export const modelRequest = z.strictObject({ runId: z.uuid(), question: modelQuestion })
export type ModelRequest = z.output<typeof modelRequest>

/** A job's result: an image that can't be recognised is an answer too, so that the caller learns why. */
export const modelAnswer = z.union([
  /** Of each image, one probability for each class, in the dataset's order. */
  z.object({ probabilities: z.array(z.array(z.number().min(0).max(1)).min(1)).min(1) }),
  /** A drawing, in base64. */
  z.object({ png: z.base64() }),
  z.object({ failure: z.object({ code: z.string(), message: z.string(), hint: z.string(), fault }) }),
])
export type ModelAnswer = z.output<typeof modelAnswer>
