import { createHash } from 'node:crypto'
import type { Answer } from './grading.js'

/** What makes two submissions the same one: the revision and the answers, in whatever order they came. */
export function hashSubmission(lessonRevisionId: string, answers: readonly Answer[]): string {
  const pairs = answers.map(({ questionId, optionId }) => JSON.stringify([questionId, optionId])).sort()
  return createHash('sha256')
    .update(JSON.stringify([lessonRevisionId, pairs]))
    .digest('hex')
}
