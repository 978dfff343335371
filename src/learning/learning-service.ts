import type { Actor } from '../identity/contract.js'
import type { Database } from '../platform/database.js'
import { notFound } from '../platform/errors.js'
import type { CourseCatalog, FindPassedQuizzes } from './contract.js'
import { courseNotOpen, enrolmentRequired } from './errors.js'
import { requireLearner, requireReader } from './policy.js'
import { type CourseProgress, courseProgress } from './progress.js'

export type LearningService = ReturnType<typeof createLearningService>

interface Parts {
  readonly database: Database
  readonly catalog: Pick<CourseCatalog, 'findCourse' | 'findLesson'>
  readonly findPassedQuizzes: FindPassedQuizzes
}

/** Enrolment, what was read, and how far a student has come. */
export function createLearningService({ database, catalog, findPassedQuizzes }: Parts) {
  return { enrol, leave, isEnrolled, findEnrolled, markLessonRead, findRead, findProgress, listMine }

  /** Enrolling twice is enrolling once. @throws NOT_FOUND, COURSE_NOT_OPEN */
  async function enrol(actor: Actor, courseId: string): Promise<void> {
    const { userId } = requireLearner(actor)
    const course = await catalog.findCourse(actor, courseId)
    if (course === undefined) throw notFound('course')
    if (course.state !== 'PUBLISHED') throw courseNotOpen()
    await database.enrolment.createMany({ data: { userId, courseId }, skipDuplicates: true })
  }

  /** What was read and passed stays, for a return. True where there was an enrolment to end. */
  async function leave(actor: Actor, courseId: string): Promise<boolean> {
    const { userId } = requireLearner(actor)
    return (await database.enrolment.deleteMany({ where: { userId, courseId } })).count > 0
  }

  async function isEnrolled(userId: string, courseId: string): Promise<boolean> {
    return (await database.enrolment.count({ where: { userId, courseId } })) > 0
  }

  /** Of the courses, those in which the actor is enrolled. */
  async function findEnrolled(actor: Actor, courseIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (actor.kind === 'anonymous') return new Set()
    const { userId } = requireReader(actor)
    const rows = await database.enrolment.findMany({
      where: { userId, courseId: { in: [...courseIds] } },
    })
    return new Set(rows.map(row => row.courseId))
  }

  /** The first time counts. @throws NOT_FOUND, ENROLMENT_REQUIRED */
  async function markLessonRead(actor: Actor, lessonId: string): Promise<void> {
    const { userId } = requireLearner(actor)
    const lesson = await catalog.findLesson(actor, lessonId)
    if (lesson === undefined) throw notFound('lesson')
    if (!(await isEnrolled(userId, lesson.courseId))) throw enrolmentRequired(lesson.courseId)
    await database.lessonRead.createMany({ data: { userId, lessonId }, skipDuplicates: true })
  }

  /** Of the lessons, those that the actor has read. */
  async function findRead(actor: Actor, lessonIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (actor.kind === 'anonymous') return new Set()
    const { userId } = requireReader(actor)
    const rows = await database.lessonRead.findMany({
      where: { userId, lessonId: { in: [...lessonIds] } },
    })
    return new Set(rows.map(row => row.lessonId))
  }

  /**
   * How far the actor has come in each course, in the order asked; undefined where not enrolled or not to be
   * seen. Three statements for all of them.
   */
  async function findProgress(
    actor: Actor,
    courseIds: readonly string[],
  ): Promise<Array<CourseProgress | undefined>> {
    if (actor.kind === 'anonymous') return courseIds.map(() => undefined)
    const { userId } = requireReader(actor)
    const enrolled = await findEnrolled(actor, courseIds)
    const courses = await Promise.all(
      courseIds.map(async id => (enrolled.has(id) ? catalog.findCourse(actor, id) : undefined)),
    )
    const [read, passed] = await Promise.all([
      findRead(
        actor,
        courses.flatMap(course => course?.lessonIds ?? []),
      ),
      findPassedQuizzes(
        userId,
        courses.flatMap(course => course?.quizIds ?? []),
      ),
    ])
    return courses.map(course => (course === undefined ? undefined : courseProgress(course, read, passed)))
  }

  /** The courses in which the actor is enrolled and which still exist for readers, the newest enrolment first. */
  async function listMine(actor: Actor) {
    const { userId } = requireReader(actor)
    const enrolments = await database.enrolment.findMany({
      where: { userId },
      orderBy: [{ createdAt: 'desc' }, { courseId: 'asc' }],
    })
    const progress = await findProgress(
      actor,
      enrolments.map(enrolment => enrolment.courseId),
    )
    return enrolments.flatMap(({ courseId, createdAt }, index) => {
      const of = progress[index]
      return of === undefined ? [] : [{ courseId, enrolledAt: createdAt, progress: of }]
    })
  }
}
