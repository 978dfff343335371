import { z } from 'zod'
import type { Database, Prisma, Transaction } from '../platform/database.js'
import type { Slice } from '../platform/pagination.js'

export const withResponses = { responses: true } satisfies Prisma.QuizAttemptInclude
export type StoredAttempt = Prisma.QuizAttemptGetPayload<{ include: typeof withResponses }>

/** Lets one submission of a student to a quiz in at a time, until the transaction ends. */
export async function lockSubmissions(transaction: Transaction, userId: string, quizId: string) {
  const key = JSON.stringify(['quiz-attempts', userId, quizId])
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${key}, 0))`
}

const standingRows = z.array(
  z.object({ userId: z.string(), quizId: z.string(), attemptsUsed: z.int(), bestScore: z.int() }),
)
const rightRows = z.array(
  z.object({
    userId: z.string(),
    quizId: z.string(),
    lessonRevisionId: z.string(),
    questionId: z.string(),
  }),
)
const passedRows = z.array(z.object({ quizId: z.string() }))

/** How many attempts each student made at each quiz, and the best score. One statement. */
export async function countAttempts(
  database: Database,
  userIds: readonly string[],
  quizIds: readonly string[],
) {
  return standingRows.parse(
    await database.$queryRaw`
      SELECT "userId"::text, "quizId", count(*)::int AS "attemptsUsed", max("score")::int AS "bestScore"
      FROM quiz_attempts
      WHERE "userId" = ANY(${[...userIds]}::uuid[]) AND "quizId" = ANY(${[...quizIds]})
      GROUP BY "userId", "quizId"`,
  )
}

const idRows = z.array(z.object({ id: z.string(), quizId: z.string() }))

/** A slice of a student's attempts at each of some quizzes, at most so many of each. One statement. */
export async function findAttemptIds(
  database: Database,
  { userId, quizIds }: { userId: string; quizIds: readonly string[] },
  { bounds, order, take }: Slice<string>,
) {
  const { gt = null, gte = null, lt = null, lte = null } = bounds
  return idRows.parse(
    await database.$queryRaw`
      SELECT id::text, "quizId" FROM (
        SELECT id, "quizId",
          row_number() OVER (PARTITION BY "quizId" ORDER BY id) AS from_oldest,
          row_number() OVER (PARTITION BY "quizId" ORDER BY id DESC) AS from_newest
        FROM quiz_attempts
        WHERE "userId" = ${userId}::uuid AND "quizId" = ANY(${[...quizIds]})
          AND (${gt}::uuid IS NULL OR id > ${gt}::uuid) AND (${gte}::uuid IS NULL OR id >= ${gte}::uuid)
          AND (${lt}::uuid IS NULL OR id < ${lt}::uuid) AND (${lte}::uuid IS NULL OR id <= ${lte}::uuid)
      ) ranked
      WHERE CASE ${order} WHEN 'asc' THEN from_oldest ELSE from_newest END <= ${take}`,
  )
}

/** The questions that each student ever answered right, by revision. One statement. */
export async function findRightAnswers(
  database: Database,
  userIds: readonly string[],
  quizIds: readonly string[],
) {
  return rightRows.parse(
    await database.$queryRaw`
      SELECT DISTINCT a."userId"::text, a."quizId", a."lessonRevisionId"::text, r."questionId"
      FROM quiz_attempts a JOIN quiz_responses r ON r."attemptId" = a.id
      WHERE r.correct AND a."userId" = ANY(${[...userIds]}::uuid[]) AND a."quizId" = ANY(${[...quizIds]})`,
  )
}

/** Of the quizzes, those that the student passed on any attempt. The threshold is `isPassed`'s. */
export async function findPassedQuizzes(
  database: Database,
  userId: string,
  quizIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = passedRows.parse(
    await database.$queryRaw`
      SELECT DISTINCT "quizId" FROM quiz_attempts
      WHERE "userId" = ${userId}::uuid AND "quizId" = ANY(${[...quizIds]})
        AND "maxScore" > 0 AND "score" * 5 >= "maxScore" * 3`,
  )
  return new Set(rows.map(row => row.quizId))
}
