import { z } from 'zod'
import { pageOf } from '../platform/pagination.js'

const id = z.string().min(1).max(200)
/** Opaque to us; bounded and printable, as it also travels in a header. */
export const idempotencyKey = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')

const answers = z.array(z.strictObject({ questionId: id, optionId: id })).max(500)

export const submitQuizInput = z.strictObject({
  quizId: id,
  /** The revision that the student saw. It is named, never guessed: the quiz may have been edited meanwhile. */
  lessonRevisionId: z.uuid(),
  idempotencyKey,
  answers,
})
export type SubmitQuizInput = z.output<typeof submitQuizInput>

export const attemptBody = z.strictObject({
  lessonRevisionId: z.uuid(),
  idempotencyKey: idempotencyKey.optional(),
  answers,
})

export const quizParams = z.strictObject({ id })
export const quizFilter = z.object({ quizId: id.nullish() })
export const attemptParams = z.strictObject({ id: z.uuid() })

/** What both faces send of an attempt. */
export const attemptResult = z.object({
  id: z.uuid(),
  quizId: z.string(),
  lessonRevisionId: z.uuid(),
  studentId: z.uuid(),
  number: z.int().describe('1 for the attempt that counts for the record.'),
  score: z.int(),
  maxScore: z.int(),
  passed: z.boolean(),
  createdAt: z.date(),
  responses: z.array(
    z.object({
      questionId: z.string(),
      optionId: z.string().nullable().describe('Null where the question was left open.'),
      correct: z.boolean(),
      correctOptionId: z.string().nullable().describe('Null while the review policy withholds it.'),
      explanation: z.string().nullable().describe('Markdown. Null while the review policy withholds it.'),
    }),
  ),
})
export type AttemptResult = z.output<typeof attemptResult>
export const attemptPage = pageOf(attemptResult)
