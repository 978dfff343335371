import { z } from 'zod'
import { fault, modelPrediction, modelQuestion } from './child-protocol.js'

/** The queue on which the API asks the workers what a run's model makes of an image, and how it looks inside. */
export const predictionQueue = 'predictions'

export const modelRequest = z.strictObject({ runId: z.uuid(), question: modelQuestion })
export type ModelRequest = z.output<typeof modelRequest>

/** A job's result: an image that can't be recognised is an answer too, so that the caller learns why. */
export const modelAnswer = z.union([
  /** One for each image, in their order. */
  z.object({ predictions: z.array(modelPrediction).min(1) }),
  /** A drawing, in base64. */
  z.object({ png: z.base64() }),
  z.object({ failure: z.object({ code: z.string(), message: z.string(), hint: z.string(), fault }) }),
])
export type ModelAnswer = z.output<typeof modelAnswer>
