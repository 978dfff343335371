import type { Transaction } from '../../platform/database.js'
import { notifySql } from '../../platform/notifications.js'
import type { Problems } from './problems.js'
import type { CourseSource } from './read-course.js'
import type { LessonSource } from './read-lesson.js'

/** What becomes of a course that is new, and the folder of courses that it lies in, where it was imported with it. */
export interface NewCourse {
  readonly ownerId: string | null
  readonly publish: boolean
  readonly contentRoot: string | null
}

/** What an import did to one course. */
export interface CourseImport {
  readonly course: string
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'restored' | 'archived'
  readonly lessons: { created: number; updated: number; unchanged: number; archived: number }
}

/**
 * Stores a course, all in the caller's transaction. An unchanged course is not written at all; a changed lesson
 * gets a new revision; what vanished is archived, and what comes back is not any more.
 *
 * @returns undefined where an id is taken by another course, which is noted
 */
export async function storeCourse(
  tx: Transaction,
  source: CourseSource,
  newCourse: NewCourse,
  problems: Problems,
): Promise<CourseImport | undefined> {
  await lockCatalog(tx)
  const { document, hash } = source
  const known = await tx.course.findUnique({
    where: { id: document.id },
    include: { currentRevision: true, lessons: true },
  })
  // A course that is imported by itself stays a member of the folder that it came from.
  const contentRoot = newCourse.contentRoot ?? known?.contentRoot ?? null
  if (known?.currentRevision?.hash === hash) {
    const lessons = { created: 0, updated: 0, unchanged: source.lessons.length, archived: 0 }
    const restored = known.archivedAt !== null
    if (restored || known.contentRoot !== contentRoot) {
      await tx.course.update({ where: { id: known.id }, data: { contentRoot, archivedAt: null } })
    }
    if (restored) await tx.$executeRawUnsafe(notifySql, 'catalog_changed', known.id)
    return { course: known.id, outcome: restored ? 'restored' : 'unchanged', lessons }
  }
  await refuseTakenIds(tx, source, problems)
  if (!problems.none) return undefined

  await tx.asset.createMany({
    data: source.assets.map(({ hash, mediaType, bytes }) => ({
      hash,
      mediaType,
      bytes: new Uint8Array(bytes),
    })),
    skipDuplicates: true,
  })
  const { state } = await tx.course.upsert({
    where: { id: document.id },
    create: {
      id: document.id,
      slug: document.slug,
      ownerId: newCourse.ownerId,
      state: newCourse.publish ? 'PUBLISHED' : 'DRAFT',
      contentRoot,
    },
    update: { slug: document.slug, contentRoot, archivedAt: null },
  })

  const lessons = { created: 0, updated: 0, unchanged: 0, archived: 0 }
  const revisionIds: string[] = []
  for (const lesson of source.lessons) {
    const stored = await storeLesson(tx, document.id, lesson)
    lessons[stored.outcome]++
    revisionIds.push(stored.revisionId)
  }
  const kept = source.lessons.map(lesson => lesson.document.id)
  const archived = await tx.lesson.updateMany({
    where: { courseId: document.id, archivedAt: null, id: { notIn: kept } },
    data: { archivedAt: new Date() },
  })
  lessons.archived = archived.count
  await archiveMissingParts(tx, source)

  const last = await tx.courseRevision.aggregate({ where: { courseId: document.id }, _max: { number: true } })
  const revision = await tx.courseRevision.create({
    data: {
      courseId: document.id,
      number: (last._max.number ?? 0) + 1,
      hash,
      document,
      publishedAt: state === 'PUBLISHED' ? new Date() : null,
      lessons: { create: revisionIds.map((lessonRevisionId, position) => ({ position, lessonRevisionId })) },
    },
  })
  await tx.course.update({ where: { id: document.id }, data: { currentRevisionId: revision.id } })
  await tx.$executeRawUnsafe(notifySql, 'catalog_changed', document.id)
  return { course: document.id, outcome: known ? 'updated' : 'created', lessons }
}

/** One import at a time: ids are unique across courses, so that two courses could take the same one. */
export async function lockCatalog(tx: Transaction) {
  await tx.$executeRawUnsafe(`SELECT pg_advisory_xact_lock(hashtext('lyceum:catalog'))`)
}

async function storeLesson(tx: Transaction, courseId: string, { document, hash }: LessonSource) {
  const { id, slug, quiz, labs } = document
  const known = await tx.lesson.findUnique({
    where: { id },
    include: {
      revisions: { orderBy: { number: 'desc' }, take: 1, select: { id: true, number: true, hash: true } },
    },
  })
  await tx.lesson.upsert({
    where: { id },
    create: { id, courseId, slug },
    update: { slug, archivedAt: null },
  })
  if (quiz) {
    await tx.quiz.upsert({
      where: { id: quiz.id },
      create: { id: quiz.id, lessonId: id },
      update: { lessonId: id, archivedAt: null },
    })
  }
  for (const lab of labs) {
    await tx.lab.upsert({
      where: { id: lab.id },
      create: { id: lab.id, lessonId: id },
      update: { lessonId: id, archivedAt: null },
    })
  }
  const latest = known?.revisions[0]
  if (latest?.hash === hash) return { outcome: 'unchanged' as const, revisionId: latest.id }
  const revision = await tx.lessonRevision.create({
    data: {
      lessonId: id,
      number: (latest?.number ?? 0) + 1,
      hash,
      document: JSON.parse(JSON.stringify(document)),
    },
  })
  return { outcome: known ? ('updated' as const) : ('created' as const), revisionId: revision.id }
}

/** Quizzes and labs that no lesson of the course names any more. */
async function archiveMissingParts(tx: Transaction, { document }: CourseSource) {
  const quizIds = document.lessons.flatMap(lesson => lesson.quizId ?? [])
  const labIds = document.lessons.flatMap(lesson => lesson.labIds)
  const lesson = { courseId: document.id }
  const data = { archivedAt: new Date() }
  await tx.quiz.updateMany({ where: { lesson, archivedAt: null, id: { notIn: quizIds } }, data })
  await tx.lab.updateMany({ where: { lesson, archivedAt: null, id: { notIn: labIds } }, data })
}

/** An id that belongs to another course stays with it: attempts and runs hang on it. */
async function refuseTakenIds(
  tx: Transaction,
  { document, lessons, file: courseFile, idLine, slugLine }: CourseSource,
  problems: Problems,
) {
  const ids = [document.id, ...lessons.flatMap(lesson => lesson.places.map(place => place.id))]
  const elsewhere = { courseId: { not: document.id } }
  const taken = [
    ...(await tx.course.findMany({
      where: { id: { in: ids, not: document.id } },
      select: { id: true },
    })),
    ...(await tx.lesson.findMany({ where: { id: { in: ids }, ...elsewhere }, select: { id: true } })),
    ...(await tx.quiz.findMany({ where: { id: { in: ids }, lesson: elsewhere }, select: { id: true } })),
    ...(await tx.lab.findMany({ where: { id: { in: ids }, lesson: elsewhere }, select: { id: true } })),
  ].map(row => row.id)
  const places = [
    { id: document.id, file: courseFile, line: idLine },
    ...lessons.flatMap(lesson => lesson.places),
  ]
  for (const { id, file, line } of places) {
    if (taken.includes(id)) problems.add(file, line, `the id ${id} is taken in another course`)
  }
  const slugOwner = await tx.course.findFirst({ where: { slug: document.slug, id: { not: document.id } } })
  if (slugOwner) {
    problems.add(courseFile, slugLine, `the slug ${document.slug} belongs to the course ${slugOwner.id}`)
  }
}
