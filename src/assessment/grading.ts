import type { QuizDocument } from '../catalog/contract.js'
import { duplicateAnswer, unknownOption, unknownQuestion } from './errors.js'

export interface Answer {
  readonly questionId: string
  readonly optionId: string
}

export interface GradedResponse {
  readonly questionId: string
  /** Null where the question was left open, which counts as wrong. */
  readonly optionId: string | null
  readonly correct: boolean
}

export interface Grade {
  readonly score: number
  readonly maxScore: number
  /** One for each question, in the order of the quiz. */
  readonly responses: readonly GradedResponse[]
}

type Gradable = Pick<QuizDocument, 'questions'>

/**
 * Grades a submission: a point for each question whose right option was chosen.
 *
 * @throws QUIZ_UNKNOWN_QUESTION, QUIZ_UNKNOWN_OPTION or QUIZ_DUPLICATE_ANSWER, which name the place in the
 *   submission, such as `answers[2].optionId`
 */
export function gradeAttempt(quiz: Gradable, answers: readonly Answer[]): Grade {
  const chosen = chosenOptions(quiz, answers)
  const responses = quiz.questions.map(question => {
    const optionId = chosen.get(question.id) ?? null
    return { questionId: question.id, optionId, correct: optionId === question.correctOptionId }
  })
  const score = responses.filter(response => response.correct).length
  return { score, maxScore: responses.length, responses }
}

function chosenOptions(quiz: Gradable, answers: readonly Answer[]): Map<string, string> {
  const questions = new Map(quiz.questions.map(question => [question.id, question]))
  const chosen = new Map<string, string>()
  for (const [index, { questionId, optionId }] of answers.entries()) {
    const question = questions.get(questionId)
    if (question === undefined) throw unknownQuestion(`answers[${index}].questionId`, questionId)
    if (chosen.has(questionId)) throw duplicateAnswer(`answers[${index}].questionId`, questionId)
    if (!question.options.some(option => option.id === optionId)) {
      throw unknownOption(`answers[${index}].optionId`, questionId, optionId)
    }
    chosen.set(questionId, optionId)
  }
  return chosen
}

/** A quiz is passed with 60 % of its points; one without questions can't be passed. */
export function isPassed(score: number, maxScore: number): boolean {
  // Whole numbers: 0.6 * 5 is not exactly 3.
  return maxScore > 0 && score * 5 >= maxScore * 3
}
