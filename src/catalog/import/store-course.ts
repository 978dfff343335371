import type { Transaction } from '../../platform/database.js'
import { notifySql } from '../../platform/notifications.js'
import type { Problems } from './problems.js'
import type { CourseSource } from './read-course.js'
import type { LessonSource } from './read-lesson.js'

export interface NewCourse {
  readonly ownerId: string | null
  readonly publish: boolean
}

/** What an import did to one course. */
export interface CourseImport {
  readonly course: string
  readonly outcome: 'created' | 'updated' | 'unchanged'
  readonly lessons: { created: number; updated: number; unchanged: number; archived: number }
}

/**
 * Stores a course, all in the caller's transaction. An unchanged course is not written at all; a changed lesson
 * gets a new revision; what vanished is archived.
 *
 * @returns undefined where an id is taken by another course, which is noted
 */
export async function storeCourse(
  tx: Transaction,
  source: CourseSource,
  newCourse: NewCourse,
  problems: Problems,
): Promise<CourseImport | undefined> {
  // One import at a time: ids are unique across courses, so that two courses could take the same one.
  await tx.$executeRawUnsafe(`SELECT pg_advisory_xact_lock(hashtext('lyceum:catalog'))`)
  const { document, hash } = source
  const known = await tx.course.findUnique({
    where: { id: document.id },
    include: { currentRevision: true, lessons: true },
  })
  if (known?.currentRevision?.hash === hash) {
    return {
      course: document.id,
      outcome: 'unchanged',
      lessons: { created: 0, updated: 0, unchanged: source.lessons.length, archived: 0 },
    }
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
  if (known) await tx.course.update({ where: { id: document.id }, data: { slug: document.slug } })
  else {
    await tx.course.create({
      data: {
        id: document.id,
        slug: document.slug,
        ownerId: newCourse.ownerId,
        state: newCourse.publish ? 'PUBLISHED' : 'DRAFT',
      },
    })
  }

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
      lessons: { create: revisionIds.map((lessonRevisionId, position) => ({ position, lessonRevisionId })) },
    },
  })
  await tx.course.update({ where: { id: document.id }, data: { currentRevisionId: revision.id } })
  await tx.$executeRawUnsafe(notifySql, 'catalog_changed', document.id)
  return { course: document.id, outcome: known ? 'updated' : 'created', lessons }
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
  { document, lessons, label }: CourseSource,
  problems: Problems,
) {
  const ids = lessons.flatMap(lesson => lesson.places.map(place => place.id))
  const elsewhere = { courseId: { not: document.id } }
  const taken = [
    ...(await tx.lesson.findMany({ where: { id: { in: ids }, ...elsewhere }, select: { id: true } })),
    ...(await tx.quiz.findMany({ where: { id: { in: ids }, lesson: elsewhere }, select: { id: true } })),
    ...(await tx.lab.findMany({ where: { id: { in: ids }, lesson: elsewhere }, select: { id: true } })),
  ].map(row => row.id)
  for (const { id, file, line } of lessons.flatMap(lesson => lesson.places)) {
    if (taken.includes(id)) problems.add(file, line, `the id ${id} belongs to another course`)
  }
  const slugOwner = await tx.course.findFirst({ where: { slug: document.slug, id: { not: document.id } } })
  if (slugOwner) {
    const file = label === '' ? 'course.yaml' : `${label}/course.yaml`
    problems.add(file, 1, `the slug ${document.slug} belongs to the course ${slugOwner.id}`)
  }
}
