import { z } from 'zod'
import type { Actor } from '../identity/contract.js'
import type { Database } from '../platform/database.js'
import { type Notifications, notifySql } from '../platform/notifications.js'
import { type Page, type PageInput, readPage, sliceOf } from '../platform/pagination.js'
import type {
  CourseState,
  FoundCourse,
  FoundLab,
  FoundLesson,
  FoundQuiz,
  LessonPlace,
  ShownQuiz,
} from './contract.js'
import { type IndexedCourse, type IndexedLesson, openCourseIndex } from './course-index.js'
import { courseWithoutFiles } from './errors.js'
import type { LoadedLesson } from './lesson-content.js'
import { canSee, canSeeAnswers, canSeeUnpublished, requireEditable } from './policy.js'
import { openRevisionCache } from './revision-cache.js'

export type CatalogService = ReturnType<typeof createCatalogService>

const uuid = z.uuid()
const courseId = z.string().regex(/^[a-z0-9-]{1,100}$/)

/**
 * Courses and lessons, from memory. Whatever an actor may not see is answered as if it did not exist.
 */
export function createCatalogService(database: Database, notifications: Notifications) {
  const index = openCourseIndex(database, notifications)
  const revisions = openRevisionCache(database)

  async function listCourses(
    actor: Actor,
    page: PageInput,
  ): Promise<{ page: Page<IndexedCourse>; totalCount: number }> {
    const { courses } = await index.read()
    const visible = courses.filter(course => canSee(actor, course))
    const keyOf = (course: IndexedCourse) => course.id
    const found = await readPage(page, {
      key: courseId,
      order: 'asc',
      keyOf,
      read: async slice => sliceOf(visible, keyOf, slice),
    })
    return { page: found, totalCount: visible.length }
  }

  async function courseBySlug(actor: Actor, slug: string): Promise<IndexedCourse | undefined> {
    const course = (await index.read()).bySlug.get(slug)
    return course && canSee(actor, course) ? course : undefined
  }

  async function lessonBySlug(
    actor: Actor,
    courseSlug: string,
    lessonSlug: string,
  ): Promise<IndexedLesson | undefined> {
    const course = await courseBySlug(actor, courseSlug)
    return course?.lessons.find(lesson => lesson.slug === lessonSlug)
  }

  /** What a lesson says: at once where its revision is in memory. */
  function contentOf(lesson: IndexedLesson): LoadedLesson | Promise<LoadedLesson> {
    const loaded = revisions.get(lesson.revisionId)
    return loaded instanceof Promise ? loaded.then(found => present(found, lesson)) : loaded
  }

  /** The right answers and explanations; null for all but the instructor of the course. */
  async function answerKeyOf(actor: Actor, { lessonRevisionId, courseOwnerId }: ShownQuiz) {
    if (!canSeeAnswers(actor, courseOwnerId)) return null
    const loaded = await revisions.get(lessonRevisionId)
    return (
      loaded?.quiz?.questions.map(({ id, correctOptionId, explanation }) => ({
        questionId: id,
        correctOptionId,
        explanation,
      })) ?? null
    )
  }

  /** @throws what `requireEditable` throws, and COURSE_WITHOUT_FILES */
  async function setCourseState(actor: Actor, courseId: string, state: CourseState): Promise<IndexedCourse> {
    // From the database itself: what is decided here must not rest on a snapshot.
    index.distrust()
    const course = requireEditable(actor, (await index.read()).byId.get(courseId))
    if (course.withoutFiles) throw courseWithoutFiles(courseId)
    const current = { currentOf: { id: courseId }, publishedAt: null }
    await database.$transaction([
      database.course.update({ where: { id: courseId }, data: { state } }),
      ...(state === 'PUBLISHED'
        ? [database.courseRevision.updateMany({ where: current, data: { publishedAt: new Date() } })]
        : []),
      database.$executeRawUnsafe(notifySql, 'catalog_changed', courseId),
    ])
    // The notification comes a moment later; whoever made the change must see it at once.
    index.distrust()
    return requireEditable(actor, (await index.read()).byId.get(courseId))
  }

  async function findCourse(actor: Actor, courseId: string): Promise<FoundCourse | undefined> {
    const course = (await index.read()).byId.get(courseId)
    return course && canSee(actor, course) ? toFoundCourse(course) : undefined
  }

  async function findCourseBySlug(actor: Actor, slug: string): Promise<FoundCourse | undefined> {
    const course = await courseBySlug(actor, slug)
    return course && toFoundCourse(course)
  }

  async function findLesson(actor: Actor, lessonId: string): Promise<FoundLesson | undefined> {
    const lesson = (await index.read()).lessons.get(lessonId)
    return lesson && canSee(actor, lesson.course) ? placeOf(lesson) : undefined
  }

  /**
   * The quiz as the current revision has it, or the named one, which must be of the quiz's lesson. undefined
   * where it is missing, archived or not for the actor's eyes.
   */
  async function findQuiz(
    actor: Actor,
    quizId: string,
    lessonRevisionId?: string,
  ): Promise<FoundQuiz | undefined> {
    const lesson = (await index.read()).quizzes.get(quizId)
    if (!lesson || !canSee(actor, lesson.course)) return undefined
    const revisionId = lessonRevisionId ?? lesson.revisionId
    const found = await findQuizInRevision(revisionId, quizId)
    if (found?.lessonId !== lesson.id) return undefined
    const isCurrent = revisionId === lesson.revisionId
    if (isCurrent || canSeeUnpublished(actor, lesson.course) || (await wasPublished(revisionId))) return found
    return undefined
  }

  /**
   * A quiz of any revision, archived or not, for whoever holds an attempt at it or teaches its course. Asks nobody's
   * permission: what it finds must not go further than that.
   */
  async function findQuizInRevision(revisionId: string, quizId: string): Promise<FoundQuiz | undefined> {
    const loaded = await findRevision(revisionId)
    if (loaded?.quiz?.id !== quizId) return undefined
    const { lessonId, courseId, quiz } = loaded
    const courseOwnerId = (await index.read()).byId.get(courseId)?.ownerId ?? null
    return { lessonId, lessonRevisionId: revisionId, courseId, courseOwnerId, quiz }
  }

  /** As `findQuizInRevision`, what a page shows of it. */
  async function showQuizInRevision(revisionId: string, quizId: string): Promise<ShownQuiz | undefined> {
    const found = await findQuizInRevision(revisionId, quizId)
    const view = found && (await findRevision(revisionId))?.content.quiz
    return view ? { ...view, lessonRevisionId: revisionId, courseOwnerId: found.courseOwnerId } : undefined
  }

  async function findRevision(revisionId: string): Promise<LoadedLesson | undefined> {
    return uuid.safeParse(revisionId).success ? revisions.get(revisionId) : undefined
  }

  /** Whether everybody could once read the revision. */
  async function wasPublished(lessonRevisionId: string): Promise<boolean> {
    const place = await database.courseRevisionLesson.findFirst({
      where: { lessonRevisionId, courseRevision: { publishedAt: { not: null } } },
      select: { position: true },
    })
    return place !== null
  }

  async function findLab(actor: Actor, labId: string): Promise<FoundLab | undefined> {
    const lesson = (await index.read()).labs.get(labId)
    if (!lesson || !canSee(actor, lesson.course)) return undefined
    const lab = (await contentOf(lesson)).labs.find(({ id }) => id === labId)
    if (!lab) return undefined
    const { leaderboard, studentRuns } = lesson.course
    return { ...placeOf(lesson), lab, leaderboard, studentRuns }
  }

  return {
    listCourses,
    courseBySlug,
    lessonBySlug,
    contentOf,
    answerKeyOf,
    setCourseState,
    findCourse,
    findCourseBySlug,
    findLesson,
    findQuiz,
    findQuizInRevision,
    showQuizInRevision,
    findLab,
    close: () => index.close(),
  }
}

function present(found: LoadedLesson | undefined, lesson: IndexedLesson): LoadedLesson {
  // A current revision is never deleted: the foreign keys see to it.
  if (found === undefined) throw new Error(`The revision ${lesson.revisionId} of ${lesson.id} is gone`)
  return found
}

function placeOf({ id, revisionId, course }: IndexedLesson): LessonPlace {
  return { lessonId: id, lessonRevisionId: revisionId, courseId: course.id, courseOwnerId: course.ownerId }
}

function toFoundCourse({ id, ownerId, state, lessons }: IndexedCourse): FoundCourse {
  return {
    courseId: id,
    ownerId,
    state,
    lessonIds: lessons.map(lesson => lesson.id),
    quizIds: lessons.flatMap(lesson => lesson.quizId ?? []),
  }
}
