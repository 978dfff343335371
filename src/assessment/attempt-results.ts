import type { FoundQuiz } from '../catalog/contract.js'
import type { Actor } from '../identity/contract.js'
import type { Database } from '../platform/database.js'
import { countAttempts, findRightAnswers, type StoredAttempt } from './attempt-queries.js'
import type { QuizCatalog } from './contract.js'
import { isPassed } from './grading.js'
import { teaches } from './policy.js'
import { isAnswerShown } from './review-policy.js'
import type { AttemptResult } from './schemas.js'

/**
 * What an actor may see of attempts: the one place where right answers can leave the server. The text is that
 * of each attempt's own revision; the review policy is that of the quiz today. What the catalog does not show
 * to the actor any more (archived, unpublished) keeps its questions, its score and its corrections, and withholds
 * right options and explanations.
 * Two statements, however many attempts there are.
 */
export async function attemptResults(
  { database, catalog }: { database: Database; catalog: QuizCatalog },
  actor: Actor,
  attempts: readonly StoredAttempt[],
): Promise<AttemptResult[]> {
  if (attempts.length === 0) return []
  const userIds = [...new Set(attempts.map(attempt => attempt.userId))]
  const quizIds = [...new Set(attempts.map(attempt => attempt.quizId))]
  const [counts, rightAnswers] = await Promise.all([
    countAttempts(database, userIds, quizIds),
    findRightAnswers(database, userIds, quizIds),
  ])
  const used = new Map(counts.map(row => [keyOf(row.userId, row.quizId), row.attemptsUsed]))
  const right = new Set(
    rightAnswers.map(row => keyOf(row.userId, row.quizId, row.lessonRevisionId, row.questionId)),
  )
  return Promise.all(
    attempts.map(async attempt => {
      const seen = await catalog.findQuizInRevision(attempt.lessonRevisionId, attempt.quizId)
      const current = await catalog.findQuiz(actor, attempt.quizId)
      return toResult(attempt, seen, question =>
        seen !== undefined && teaches(actor, seen.courseOwnerId)
          ? true
          : current !== undefined &&
            isAnswerShown(current.quiz, {
              attemptsUsed: used.get(keyOf(attempt.userId, attempt.quizId)) ?? 0,
              answeredRight: right.has(
                keyOf(attempt.userId, attempt.quizId, attempt.lessonRevisionId, question),
              ),
            }),
      )
    }),
  )
}

function toResult(
  attempt: StoredAttempt,
  seen: FoundQuiz | undefined,
  isShown: (questionId: string) => boolean,
): AttemptResult {
  const questions = seen?.quiz.questions ?? []
  const order = new Map(questions.map((question, index) => [question.id, index]))
  const responses = attempt.responses
    .toSorted((a, b) => (order.get(a.questionId) ?? 0) - (order.get(b.questionId) ?? 0))
    .map(({ questionId, optionId, correct }) => {
      const question = isShown(questionId) ? questions.find(({ id }) => id === questionId) : undefined
      return {
        questionId,
        optionId,
        correct,
        correctOptionId: question?.correctOptionId ?? null,
        explanation: question?.explanation ?? null,
      }
    })
  const { id, quizId, lessonRevisionId, userId: studentId, number, score, maxScore, createdAt } = attempt
  const passed = isPassed(score, maxScore)
  return { id, quizId, lessonRevisionId, studentId, number, score, maxScore, passed, createdAt, responses }
}

function keyOf(...parts: string[]): string {
  return JSON.stringify(parts)
}
