import { defineError } from '../platform/errors.js'

export const unknownQuestion = defineError(
  'QUIZ_UNKNOWN_QUESTION',
  422,
  (path: string, questionId: string) => ({
    message: `${path}: this quiz has no question '${questionId}'. Read the quiz again and submit its own ids.`,
    details: { path, questionId },
  }),
)

export const unknownOption = defineError(
  'QUIZ_UNKNOWN_OPTION',
  422,
  (path: string, questionId: string, optionId: string) => ({
    message: `${path}: question '${questionId}' has no option '${optionId}'. Submit one of its own options.`,
    details: { path, questionId, optionId },
  }),
)

export const duplicateAnswer = defineError(
  'QUIZ_DUPLICATE_ANSWER',
  422,
  (path: string, questionId: string) => ({
    message: `${path}: question '${questionId}' is answered twice. Submit one answer for each question.`,
    details: { path, questionId },
  }),
)

export const unknownRevision = defineError('QUIZ_UNKNOWN_REVISION', 422, (lessonRevisionId: string) => ({
  message: `lessonRevisionId: '${lessonRevisionId}' is no revision of this quiz's lesson. Send the id that came with the lesson.`,
  details: { path: 'lessonRevisionId' },
}))

export const notEnrolled = defineError('QUIZ_NOT_ENROLLED', 403, (courseId: string) => ({
  message: 'Only who is enrolled in the course may submit: enrol first.',
  details: { courseId },
}))

export const noAttemptsLeft = defineError('QUIZ_NO_ATTEMPTS_LEFT', 409, (maxAttempts: number) => ({
  message: `All attempts at this quiz are used: it allows ${maxAttempts}.`,
  details: { maxAttempts },
}))

export const idempotencyKeyReused = defineError(
  'QUIZ_IDEMPOTENCY_KEY_REUSED',
  409,
  () => 'This idempotency key belongs to another submission: use a new key for other answers.',
)

export const idempotencyKeysDiffer = defineError(
  'QUIZ_IDEMPOTENCY_KEYS_DIFFER',
  400,
  () => 'The Idempotency-Key header and idempotencyKey in the body differ: send one of them.',
)

export const idempotencyKeyMissing = defineError(
  'QUIZ_IDEMPOTENCY_KEY_MISSING',
  400,
  () =>
    'Send an Idempotency-Key header (or idempotencyKey in the body), so that a repeat is not graded twice.',
)
