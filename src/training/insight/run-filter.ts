import { z } from 'zod'
import { pageInput } from '../../platform/pagination.js'
import { labId } from '../runs/run-schemas.js'
import { runStatuses } from '../runs/run-states.js'
import { specFieldNames } from '../spec/training-spec.js'

/** What runs are looked for by, on both faces. A client may send null for what it leaves out. */

/** PostgreSQL keeps neither. */
const storable = /^[^\0\p{Surrogate}]*$/u
const text = z.string().min(1).max(200).regex(storable, 'must not hold control characters')

function given<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform(value => value ?? undefined)
}

const path = z
  .string()
  .max(100)
  .regex(/^[A-Za-z]\w*(\.\w+){0,3}$/, 'must be names joined by dots, at most four, such as optimizer.name')
  .refine(value => specFieldNames.includes(value.split('.')[0] ?? ''), {
    error: `must begin with a field of a spec: ${specFieldNames.join(', ')}`,
  })

const scalar = z.union([text, z.number(), z.boolean()], 'must be a text, a number, true or false')

export const specCondition = z.discriminatedUnion('op', [
  /** Null, or left out: what the spec does not say. */
  z.strictObject({
    path,
    op: z.enum(['EQ', 'NE']),
    value: scalar.nullish().transform(value => value ?? null),
  }),
  z.strictObject({ path, op: z.literal('IN'), value: z.array(scalar).min(1).max(20) }),
  z.strictObject({ path, op: z.enum(['LT', 'LTE', 'GT', 'GTE']), value: z.number() }),
  /** Whatever the case. */
  z.strictObject({ path, op: z.literal('CONTAINS'), value: text }),
])
export type SpecCondition = z.output<typeof specCondition>

/** The best of validation is that of any epoch, the last that of the run's last one. */
const metrics = [
  'TEST_ACCURACY',
  'TEST_LOSS',
  'BEST_VALIDATION_ACCURACY',
  'LAST_VALIDATION_ACCURACY',
  'BEST_VALIDATION_LOSS',
  'LAST_VALIDATION_LOSS',
  'SECONDS',
  'PARAMETERS',
] as const

const metricRange = z
  .strictObject({ metric: z.enum(metrics), min: given(z.number()), max: given(z.number()) })
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'must have a min, a max, or both')
  .refine(({ min = -Infinity, max = Infinity }) => min <= max, 'min must not be above max')
export type MetricRange = z.output<typeof metricRange>

/** GraphQL has read it already. */
const moment = z.preprocess(
  value => (value instanceof Date ? value.toISOString() : value),
  z.iso.datetime({ offset: true }).transform(value => new Date(value)),
)

export const runFilter = z.strictObject({
  spec: given(z.array(specCondition).max(10)),
  metrics: given(z.array(metricRange).max(10)),
  status: given(z.array(z.enum(runStatuses)).min(1).max(runStatuses.length)),
  labId: given(labId.regex(storable)),
  courseId: given(text),
  ownerId: given(z.uuid('must be the id of a user')),
  /** Of each run all of them. */
  tags: given(z.array(text).max(10)),
  /** Somewhere in name or notes, whatever the case. */
  text: given(text),
  createdAfter: given(moment),
  createdBefore: given(moment),
})
export type RunFilter = z.output<typeof runFilter>

const runSorts = ['NEWEST', 'BEST_ACCURACY', 'SHORTEST'] as const
export type RunSort = (typeof runSorts)[number]

const search = { filter: runFilter.prefault({}), sort: z.enum(runSorts).default('NEWEST') }
export const searchArgs = z.object({
  filter: runFilter.nullish().transform(filter => filter ?? runFilter.parse({})),
  sort: z
    .enum(runSorts)
    .nullish()
    .transform(sort => sort ?? 'NEWEST'),
})
export const searchBody = pageInput.extend(search).strict()
