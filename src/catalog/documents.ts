import { z } from 'zod'
import { reviewPolicies, studentRuns } from './contract.js'

/** The documents that revisions keep. They are written by the import and parsed again when they are read. */

const quizDocument = z.strictObject({
  id: z.string(),
  title: z.string(),
  maxAttempts: z.number().nullable(),
  review: z.enum(reviewPolicies),
  questions: z
    .array(
      z.strictObject({
        id: z.string(),
        prompt: z.string(),
        options: z.array(z.strictObject({ id: z.string(), text: z.string() })).readonly(),
        correctOptionId: z.string(),
        explanation: z.string(),
      }),
    )
    .readonly(),
})

const labDocument = z.strictObject({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  spec: z.unknown(),
})

/** Everything that a lesson says, asks and trains. Text is Markdown. */
export const lessonDocument = z.strictObject({
  id: z.string(),
  slug: z.string(),
  title: z.string(),
  overview: z.string(),
  whyItMatters: z.string(),
  text: z.string(),
  keyPoints: z.array(z.string()),
  keyConcepts: z.array(z.strictObject({ term: z.string(), definition: z.string() })),
  codeExamples: z.array(z.strictObject({ title: z.string(), language: z.string(), source: z.string() })),
  fromTheBooks: z.array(
    z.strictObject({
      note: z.string(),
      author: z.string(),
      title: z.string(),
      year: z.number(),
      place: z.string(),
    }),
  ),
  quiz: quizDocument.nullable(),
  labs: z.array(labDocument),
  /** The path that the Markdown names -> the file name under `/assets/`. */
  figures: z.record(z.string(), z.string()),
})
export type LessonDocument = z.output<typeof lessonDocument>

/** A course and the outline of its lessons: what lists and neighbours need without any lesson's text. */
export const courseDocument = z.strictObject({
  id: z.string(),
  slug: z.string(),
  title: z.string(),
  summary: z.string(),
  /** Whether its labs have leaderboards; left out where not, as in revisions of before there were any. */
  leaderboard: z.literal(true).optional(),
  /** Absent where students may not launch the course's labs. */
  studentRuns: studentRuns.optional(),
  lessons: z.array(
    z.strictObject({
      id: z.string(),
      slug: z.string(),
      title: z.string(),
      quizId: z.string().nullable(),
      labIds: z.array(z.string()),
    }),
  ),
})
export type CourseDocument = z.output<typeof courseDocument>
