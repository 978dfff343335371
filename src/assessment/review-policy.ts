import type { QuizDocument } from '../catalog/contract.js'

type Reviewed = Pick<QuizDocument, 'review' | 'maxAttempts'>

/** What the student has shown so far, on which the policy decides. */
export interface Standing {
  /** Attempts at this quiz, over all revisions. */
  readonly attemptsUsed: number
  /** Whether the student has answered this very question right, on this very revision. */
  readonly answeredRight: boolean
}

/**
 * Whether the right option and the explanation of one question may be shown to a student.
 *
 * `after_correct` decides question by question: once a student was told that an answer is right, its option is
 * no news, and the explanation gives away nothing about the other questions.
 */
export function isAnswerShown(quiz: Reviewed, standing: Standing): boolean {
  switch (reviewRule(quiz)) {
    case 'after_correct':
      return standing.answeredRight
    case 'after_last_attempt':
      return attemptsLeft(quiz.maxAttempts, standing.attemptsUsed) === 0
    case 'never':
      return false
  }
}

/** The rule that 'default' stands for: where attempts are counted, a right option is worth an attempt. */
export function reviewRule({ review, maxAttempts }: Reviewed): Exclude<QuizDocument['review'], 'default'> {
  if (review !== 'default') return review
  return maxAttempts === null ? 'after_correct' : 'after_last_attempt'
}

/** Null where there is no maximum. Not below 0, also where the maximum was lowered later. */
export function attemptsLeft(maxAttempts: number | null, attemptsUsed: number): number | null {
  return maxAttempts === null ? null : Math.max(0, maxAttempts - attemptsUsed)
}
