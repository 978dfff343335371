import { randomBytes, randomUUID } from 'node:crypto'
import type { FoundQuiz, QuizDocument, ShownQuiz } from '../../src/catalog/contract.js'
import type { Actor, Role, Scope, SignedInActor } from '../../src/identity/contract.js'
import { scopes } from '../../src/identity/contract.js'
import type { Database } from '../../src/platform/database.js'

/** A signed-in user with a row, and all scopes but where others are named. */
export async function createActor(
  database: Database,
  role: Role,
  granted: readonly Scope[] = scopes,
): Promise<SignedInActor> {
  const email = `${randomBytes(6).toString('hex')}@example.org`
  const { id: userId } = await database.user.create({ data: { email, name: role, role, passwordHash: '-' } })
  const tokenExpiresAt = new Date('2100-01-01')
  return {
    kind: 'user',
    userId,
    role,
    scopes: granted,
    tokenId: randomUUID(),
    tokenKind: 'API',
    tokenExpiresAt,
  }
}

/** Published rows with hand-written revisions, and the catalog's answers about them. */
export async function createQuizzes(database: Database, ownerId: string) {
  await database.course.create({ data: { id: 'course', slug: 'course', ownerId, state: 'PUBLISHED' } })
  await database.lesson.create({ data: { id: 'lesson', courseId: 'course', slug: 'lesson' } })
  const quizzes = new Map<string, { current: string; byRevision: Map<string, QuizDocument> }>()
  const archived = new Set<string>()
  let number = 0
  return { catalog: { findQuiz, findQuizInRevision, showQuizInRevision }, revise, archive }

  /** Makes a revision of the lesson with this quiz in it, and gives its id. */
  async function revise(quiz: QuizDocument): Promise<string> {
    number++
    const { id } = await database.lessonRevision.create({
      data: { lessonId: 'lesson', number, hash: String(number), document: {} },
    })
    await database.quiz.upsert({
      where: { id: quiz.id },
      create: { id: quiz.id, lessonId: 'lesson' },
      update: {},
    })
    const byRevision = quizzes.get(quiz.id)?.byRevision ?? new Map<string, QuizDocument>()
    quizzes.set(quiz.id, { current: id, byRevision: byRevision.set(id, quiz) })
    return id
  }

  function archive(quizId: string) {
    archived.add(quizId)
  }

  async function findQuiz(
    _actor: Actor,
    quizId: string,
    lessonRevisionId?: string,
  ): Promise<FoundQuiz | undefined> {
    const known = quizzes.get(quizId)
    if (known === undefined || archived.has(quizId)) return undefined
    return findQuizInRevision(lessonRevisionId ?? known.current, quizId)
  }

  async function findQuizInRevision(revision: string, quizId: string): Promise<FoundQuiz | undefined> {
    const quiz = quizzes.get(quizId)?.byRevision.get(revision)
    const place = {
      lessonId: 'lesson',
      lessonRevisionId: revision,
      courseId: 'course',
      courseOwnerId: ownerId,
    }
    return quiz && { quiz, ...place }
  }

  async function showQuizInRevision(revision: string, quizId: string): Promise<ShownQuiz | undefined> {
    const found = await findQuizInRevision(revision, quizId)
    if (!found) return undefined
    const shown = (markdown: string) => ({ markdown, html: `<p>${markdown}</p>` })
    const { id, title, maxAttempts, questions } = found.quiz
    return {
      ...{ id, title, maxAttempts, lessonRevisionId: revision, courseOwnerId: ownerId },
      questions: questions.map(({ id, prompt, options }) => ({
        ...{ id, prompt: shown(prompt) },
        options: options.map(option => ({ id: option.id, text: shown(option.text) })),
      })),
    }
  }
}

/** Two questions: the right options are `<id>-q1-right` and `<id>-q2-right`. */
export function quizOf(id: string, settings: Partial<QuizDocument> = {}): QuizDocument {
  const question = (name: string) => ({
    id: `${id}-${name}`,
    prompt: `${name}?`,
    options: ['right', 'wrong'].map(option => ({ id: `${id}-${name}-${option}`, text: option })),
    correctOptionId: `${id}-${name}-right`,
    explanation: `because of ${name}`,
  })
  return {
    ...{ id, title: id, maxAttempts: null, review: 'default', questions: [question('q1'), question('q2')] },
    ...settings,
  }
}

export function answersTo(id: string, q1: 'right' | 'wrong', q2: 'right' | 'wrong') {
  return [
    { questionId: `${id}-q1`, optionId: `${id}-q1-${q1}` },
    { questionId: `${id}-q2`, optionId: `${id}-q2-${q2}` },
  ]
}
