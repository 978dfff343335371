import { z } from 'zod'
import { trainingSpec } from '../../training/contract.js'
import { reviewPolicies } from '../contract.js'
import { controlCharacter } from './course-folder.js'

/** What stands in the files of a course; docs/content-format.md describes it for authors. */

const kebabCase = z
  .string()
  .max(100)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be kebab-case: lower-case letters and digits with single hyphens')
// An escape in quotation marks can write what no text file may hold, and what PostgreSQL does not keep.
const text = z
  .string()
  .refine(
    value => !controlCharacter.test(value) && !/\p{Surrogate}/u.test(value),
    'must not hold control characters',
  )
  .trim()
const line = text.min(1).max(300)
const markdown = text.min(1).max(20_000)
const path = z
  .string()
  .max(200)
  .regex(
    /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/,
    'must be a path in the folder of the lesson, such as code/example.py',
  )

const daySeconds = 86_400

export const courseFile = z.strictObject({
  id: kebabCase,
  slug: kebabCase,
  title: line,
  summary: markdown,
  leaderboard: z.boolean().default(false),
  student_runs: z
    .strictObject({
      seconds_per_day: z.int().min(1).max(daySeconds),
      gpu_seconds_per_day: z.int().min(0).max(daySeconds).default(0),
    })
    .refine(
      runs => runs.gpu_seconds_per_day <= runs.seconds_per_day,
      'must not give more seconds on a GPU than in all',
    )
    .optional(),
  lessons: z
    .array(z.string().regex(/^[\w-]+$/, 'must be the name of a folder beside course.yaml'))
    .min(1)
    .max(200),
})

export const lessonFile = z.strictObject({
  id: kebabCase,
  slug: kebabCase,
  title: line,
  overview: markdown,
  why_it_matters: markdown,
  key_points: z.array(markdown).min(1).max(50),
  key_concepts: z.array(z.strictObject({ term: line, definition: markdown })).max(100),
  code_examples: z.array(z.strictObject({ title: line, language: line, file: path })).max(50),
  from_the_books: z
    .array(
      z.strictObject({
        note: markdown,
        author: line,
        title: line,
        year: z.int().min(-3000).max(2200),
        place: line,
      }),
    )
    .max(50),
})

const question = z.strictObject({
  id: kebabCase,
  prompt: markdown,
  options: z
    .array(z.strictObject({ id: kebabCase, text: markdown, correct: z.literal(true).optional() }))
    .min(2)
    .max(26),
  explanation: markdown,
})

export const quizFile = z.strictObject({
  id: kebabCase,
  title: line,
  max_attempts: z.int().min(1).max(1000).optional(),
  review: z.enum(reviewPolicies).optional(),
  questions: z.array(question).min(1).max(100),
})
export type QuizFile = z.output<typeof quizFile>

export const labsFile = z.strictObject({
  labs: z
    .array(z.strictObject({ id: kebabCase, title: line, description: markdown, spec: trainingSpec }))
    .min(1)
    .max(20),
})
export type LabsFile = z.output<typeof labsFile>
