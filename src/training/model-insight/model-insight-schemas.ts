import { z } from 'zod'

/** What is read of a run's result. The matrix has as many rows as columns. */
export const testResult = z.object({
  confusionMatrix: z.array(z.array(z.int().nonnegative())).min(1),
  classNames: z.array(z.string()),
})
export type TestResult = z.output<typeof testResult>

const scores = {
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  support: z.int(),
}

export const classificationReport = z.object({
  accuracy: z.number(),
  classes: z.array(z.object({ name: z.string(), ...scores })),
  macroAverage: z.object(scores),
  weightedAverage: z.object(scores),
})
