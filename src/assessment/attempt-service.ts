import DataLoader from 'dataloader'
import { z } from 'zod'
import type { FoundQuiz, ShownQuiz } from '../catalog/contract.js'
import type { Actor } from '../identity/contract.js'
import type { Database } from '../platform/database.js'
import { notFound } from '../platform/errors.js'
import { type Page, type PageInput, readPage, type Slice } from '../platform/pagination.js'
import {
  countAttempts,
  findAttemptIds,
  findPassedQuizzes,
  lockSubmissions,
  withResponses,
} from './attempt-queries.js'
import { attemptResults } from './attempt-results.js'
import type { Enrolments, QuizCatalog } from './contract.js'
import { idempotencyKeyReused, noAttemptsLeft, notEnrolled, unknownRevision } from './errors.js'
import { gradeAttempt } from './grading.js'
import { maySeeAttempt, requireLearner, requireReader, seesAttempts } from './policy.js'
import { attemptsLeft } from './review-policy.js'
import type { AttemptResult, SubmitQuizInput } from './schemas.js'
import { hashSubmission } from './submission.js'

export interface QuizStanding {
  readonly attemptsLeft: number | null
  readonly bestScore: number | null
}

/** A page of attempts, and how many there are in all where that is asked. */
export interface AttemptList {
  readonly page: Page<AttemptResult>
  count(): Promise<number>
}

export type AttemptService = ReturnType<typeof createAttemptService>

interface Parts {
  readonly database: Database
  readonly catalog: QuizCatalog
  readonly enrolments: Enrolments
}

// Submissions of one student to one quiz wait for each other, each on a connection of its own.
const transactionLimits = { maxWait: 10_000, timeout: 10_000 }
// Ids are UUIDs of version 7: their order is that of time.
const newestFirst = { key: z.uuid(), order: 'desc', keyOf: (result: AttemptResult) => result.id } as const

interface QuizSlice {
  readonly quizId: string
  readonly slice: Slice<string>
}

/** Submitting quizzes, and reading what became of it. */
export function createAttemptService(parts: Parts) {
  const { database, catalog, enrolments } = parts
  return {
    ...{ submitQuiz, findAttempt, getAttempt, showQuiz, listMine, listMineByQuiz, listOfQuiz },
    ...{ findStandings, findPassed },
  }

  /**
   * Grades and keeps a submission. The same key again gives the attempt that it made.
   *
   * @throws what `gradeAttempt` throws, NOT_FOUND, QUIZ_UNKNOWN_REVISION, QUIZ_NOT_ENROLLED,
   *   QUIZ_NO_ATTEMPTS_LEFT, QUIZ_IDEMPOTENCY_KEY_REUSED; nothing is stored then
   */
  async function submitQuiz(actor: Actor, input: SubmitQuizInput): Promise<AttemptResult> {
    const { userId } = requireLearner(actor)
    const { quizId, lessonRevisionId, idempotencyKey, answers } = input
    const current = await catalog.findQuiz(actor, quizId)
    if (current === undefined) throw notFound('quiz')
    if (!(await enrolments.isEnrolled(userId, current.courseId))) throw notEnrolled(current.courseId)
    const seen = await catalog.findQuiz(actor, quizId, lessonRevisionId)
    if (seen === undefined) throw unknownRevision(lessonRevisionId)

    const { score, maxScore, responses } = gradeAttempt(seen.quiz, answers)
    const submissionHash = hashSubmission(lessonRevisionId, answers)
    // An older revision must not bring its own limit with it: the one of today counts.
    const { maxAttempts } = current.quiz
    const attempt = await database.$transaction(async transaction => {
      await lockSubmissions(transaction, userId, quizId)
      const earlier = await transaction.quizAttempt.findUnique({
        where: { userId_quizId_idempotencyKey: { userId, quizId, idempotencyKey } },
        include: withResponses,
      })
      if (earlier !== null) {
        if (earlier.submissionHash !== submissionHash) throw idempotencyKeyReused()
        return earlier
      }
      const used = await transaction.quizAttempt.count({ where: { userId, quizId } })
      if (maxAttempts !== null && attemptsLeft(maxAttempts, used) === 0) throw noAttemptsLeft(maxAttempts)
      return transaction.quizAttempt.create({
        data: {
          ...{ userId, quizId, lessonRevisionId, idempotencyKey, submissionHash, score, maxScore },
          number: used + 1,
          responses: { createMany: { data: [...responses] } },
        },
        include: withResponses,
      })
    }, transactionLimits)
    return resultOf(actor, attempt)
  }

  /** Undefined where there is none, and where it is not the actor's to see. */
  async function findAttempt(actor: Actor, id: string): Promise<AttemptResult | undefined> {
    requireReader(actor)
    const attempt = await database.quizAttempt.findUnique({ where: { id }, include: withResponses })
    if (attempt === null) return undefined
    const { userId, quizId, lessonRevisionId } = attempt
    const place = await catalog.findQuizInRevision(lessonRevisionId, quizId)
    if (!maySeeAttempt(actor, { userId, courseOwnerId: place?.courseOwnerId ?? null })) return undefined
    return resultOf(actor, attempt)
  }

  /** @throws NOT_FOUND where there is none, and where it is not the actor's to see. */
  async function getAttempt(actor: Actor, id: string): Promise<AttemptResult> {
    const attempt = await findAttempt(actor, id)
    if (attempt === undefined) throw notFound('attempt')
    return attempt
  }

  /** The quiz as the student saw it. The attempt is one that the actor may see. */
  async function showQuiz({ lessonRevisionId, quizId }: AttemptResult): Promise<ShownQuiz> {
    const quiz = await catalog.showQuizInRevision(lessonRevisionId, quizId)
    // A revision is never deleted: the foreign keys see to it.
    if (quiz === undefined) throw new Error(`The quiz ${quizId} is gone from ${lessonRevisionId}`)
    return quiz
  }

  /** The actor's own attempts, the newest first; of one quiz where it is named. */
  async function listMine(actor: Actor, { quizId }: { quizId?: string | null | undefined }, page: PageInput) {
    const { userId } = requireReader(actor)
    return list(actor, quizId === undefined || quizId === null ? { userId } : { userId, quizId }, page)
  }

  /**
   * The same page of the actor's own attempts at each of some quizzes, in the order asked. A fixed number of
   * statements for all of them.
   */
  async function listMineByQuiz(
    actor: Actor,
    quizIds: readonly string[],
    page: PageInput,
  ): Promise<AttemptList[]> {
    const { userId } = requireReader(actor)
    // The lists are read at once and ask for the same slices: each is read for all quizzes together.
    const slices = new DataLoader((asked: readonly QuizSlice[]) => readSlices(actor, userId, asked), {
      cacheKeyFn: key => JSON.stringify(key),
    })
    const [counts, pages] = await Promise.all([
      countAttempts(database, [userId], quizIds),
      Promise.all(
        quizIds.map(quizId =>
          readPage(page, { ...newestFirst, read: slice => slices.load({ quizId, slice }) }),
        ),
      ),
    ])
    return quizIds.flatMap((quizId, index) => {
      const found = pages[index]
      const count = async () => counts.find(row => row.quizId === quizId)?.attemptsUsed ?? 0
      return found === undefined ? [] : [{ page: found, count }]
    })
  }

  async function readSlices(
    actor: Actor,
    userId: string,
    asked: readonly QuizSlice[],
  ): Promise<AttemptResult[][]> {
    const distinct = new Map(asked.map(({ slice }) => [JSON.stringify(slice), slice]))
    const quizIds = [...new Set(asked.map(({ quizId }) => quizId))]
    const results = new Map<string, AttemptResult[]>()
    for (const [key, slice] of distinct) {
      const found = await findAttemptIds(database, { userId, quizIds }, slice)
      const attempts = await database.quizAttempt.findMany({
        where: { id: { in: found.map(({ id }) => id) } },
        orderBy: { id: slice.order },
        include: withResponses,
      })
      results.set(key, await attemptResults(parts, actor, attempts))
    }
    return asked.map(({ quizId, slice }) =>
      (results.get(JSON.stringify(slice)) ?? []).filter(result => result.quizId === quizId),
    )
  }

  /**
   * All attempts at a quiz, the newest first, for who teaches its course, and for admins.
   *
   * @throws NOT_FOUND for everyone else, as for a quiz that does not exist
   */
  async function listOfQuiz(actor: Actor, quizId: string, page: PageInput) {
    requireReader(actor)
    const found = (await catalog.findQuiz(actor, quizId)) ?? (await findArchivedQuiz(quizId))
    if (found === undefined || !seesAttempts(actor, found.courseOwnerId)) throw notFound('quiz')
    return list(actor, { quizId }, page)
  }

  /** Where the actor stands with each quiz, in the order asked. One statement for all of them. */
  async function findStandings(actor: Actor, quizIds: readonly string[]): Promise<QuizStanding[]> {
    if (actor.kind === 'anonymous') return quizIds.map(() => ({ attemptsLeft: null, bestScore: null }))
    const { userId } = requireReader(actor)
    const counts = new Map((await countAttempts(database, [userId], quizIds)).map(row => [row.quizId, row]))
    return Promise.all(
      quizIds.map(async quizId => {
        const maxAttempts = (await catalog.findQuiz(actor, quizId))?.quiz.maxAttempts ?? null
        const count = counts.get(quizId)
        return {
          attemptsLeft: attemptsLeft(maxAttempts, count?.attemptsUsed ?? 0),
          bestScore: count?.bestScore ?? null,
        }
      }),
    )
  }

  /** For progress: the quizzes among these that the student passed. */
  function findPassed(userId: string, quizIds: readonly string[]) {
    return findPassedQuizzes(database, userId, quizIds)
  }

  /** A quiz that is shown no more, by what was submitted to it. */
  async function findArchivedQuiz(quizId: string): Promise<FoundQuiz | undefined> {
    const attempt = await database.quizAttempt.findFirst({
      where: { quizId },
      select: { lessonRevisionId: true },
    })
    return attempt ? catalog.findQuizInRevision(attempt.lessonRevisionId, quizId) : undefined
  }

  async function list(
    actor: Actor,
    where: { userId?: string; quizId?: string },
    page: PageInput,
  ): Promise<AttemptList> {
    return {
      page: await readPage(page, {
        ...newestFirst,
        async read({ bounds: id, order, take }) {
          const attempts = await database.quizAttempt.findMany({
            where: { AND: [where, { id }] },
            orderBy: { id: order },
            take,
            include: withResponses,
          })
          return attemptResults(parts, actor, attempts)
        },
      }),
      count: () => database.quizAttempt.count({ where }),
    }
  }

  async function resultOf(actor: Actor, attempt: Parameters<typeof attemptResults>[2][number]) {
    const [result] = await attemptResults(parts, actor, [attempt])
    if (result === undefined) throw new Error('An attempt has no result')
    return result
  }
}
