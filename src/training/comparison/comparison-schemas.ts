import { z } from 'zod'
import { runBody, runId } from '../runs/run-schemas.js'

const fewest = 2
/** What a page has room for side by side. */
const most = 8

const ids = z
  .array(runId.toLowerCase())
  .min(fewest, `must name at least ${fewest} runs`)
  .max(most, `must name at most ${most} runs`)
  .superRefine((given, context) => {
    for (const [place, id] of given.entries())
      if (given.indexOf(id) < place)
        context.addIssue({ code: 'custom', path: [place], message: `names the run ${id} a second time` })
  })

/** Six points of each of the runs are always drawn. */
export const comparisonInput = z.strictObject({
  ids,
  maxPoints: z
    .int()
    .min(6 * most)
    .max(2_000)
    .default(500)
    .describe('So many steps are kept, those of all runs together.'),
})
export type ComparisonInput = z.output<typeof comparisonInput>

const ofEach = z.array(z.number().nullable())

/** What both faces show. Where a list has something of each run, it is in the order of the ids. */
export const comparison = z.object({
  runs: z.array(runBody),
  specs: z.array(
    z.object({
      path: z.string().describe('Such as optimizer.name.'),
      values: z.array(z.unknown()).describe('What each run has there; null where its spec says nothing.'),
    }),
  ),
  figures: z.array(
    z.object({
      runId: z.string(),
      testAccuracy: z.number().nullable(),
      testLoss: z.number().nullable(),
      bestValidationAccuracy: z.number().nullable(),
      bestValidationLoss: z.number().nullable(),
      epochs: z.int().describe('Trained to their end.'),
      seconds: z.number().nullable().describe('Of training, test included.'),
      parameters: z.number().nullable(),
    }),
  ),
  steps: z.array(z.object({ step: z.int(), loss: ofEach, accuracy: ofEach })),
  epochs: z.array(
    z.object({
      epoch: z.int(),
      loss: ofEach,
      accuracy: ofEach,
      validationLoss: ofEach,
      validationAccuracy: ofEach,
    }),
  ),
  confusion: z
    .array(
      z.object({
        runId: z.string(),
        classNames: z.array(z.string()).readonly().nullable(),
        matrix: z
          .array(z.array(z.int()))
          .nullable()
          .describe('Images of class `row` taken for class `column`, less those of the first run.'),
        reason: z.string().nullable().describe('Why there is no matrix.'),
      }),
    )
    .describe('Of each run but the first.'),
})
