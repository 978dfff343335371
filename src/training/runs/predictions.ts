import { z } from 'zod'
import { fault, predictionImage } from './child-protocol.js'

/** The queue on which the API asks the workers to recognise an image. */
export const predictionQueue = 'predictions'

export const predictionRequest = z.strictObject({ runId: z.uuid(), image: predictionImage })
export type PredictionRequest = z.output<typeof predictionRequest>

/** A job's result: an image that can't be recognised is an answer too, so that the caller learns why. */
export const predictionAnswer = z.union([
  /** One probability for each class, in the dataset's order. */
  z.object({ probabilities: z.array(z.number().min(0).max(1)).min(1) }),
  z.object({ failure: z.object({ code: z.string(), message: z.string(), hint: z.string(), fault }) }),
])
export type PredictionAnswer = z.output<typeof predictionAnswer>
