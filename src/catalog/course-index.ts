import type { Database } from '../platform/database.js'
import { type RichText, renderMarkdown } from '../platform/markdown.js'
import type { Notifications } from '../platform/notifications.js'
import type { CourseState, StudentRuns } from './contract.js'
import { type CourseDocument, courseDocument } from './documents.js'

/** What is known of a lesson without its text. */
export interface LessonOutline {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly quizId: string | null
  readonly labIds: readonly string[]
  readonly revisionId: string
}

/** A course's current revision. */
interface CourseOutline {
  readonly title: string
  readonly summary: RichText
  /** Whether its labs have leaderboards. */
  readonly leaderboard: boolean
  readonly studentRuns: StudentRuns | null
  readonly outlines: readonly LessonOutline[]
}

export interface IndexedCourse extends CourseOutline {
  readonly id: string
  readonly slug: string
  readonly ownerId: string | null
  /** ARCHIVED too where the files are gone, whatever the owner chose. */
  readonly state: CourseState
  readonly withoutFiles: boolean
  readonly revisionId: string
  readonly lessons: readonly IndexedLesson[]
}

/** A lesson in its place. */
export interface IndexedLesson extends LessonOutline {
  readonly course: IndexedCourse
  /** Counted from 0. */
  readonly position: number
}

/** All courses as they stood at one moment. */
export interface CatalogSnapshot {
  /** By id, ascending. */
  readonly courses: readonly IndexedCourse[]
  readonly byId: ReadonlyMap<string, IndexedCourse>
  readonly bySlug: ReadonlyMap<string, IndexedCourse>
  readonly lessons: ReadonlyMap<string, IndexedLesson>
  /** The lesson of each quiz and of each lab. */
  readonly quizzes: ReadonlyMap<string, IndexedLesson>
  readonly labs: ReadonlyMap<string, IndexedLesson>
}

/** Less than the second within which every process is promised to know of a change. */
const trustedMs = 800

export interface CourseIndex {
  /** Synchronous while the snapshot is trusted: the way of nearly every request. */
  read(): CatalogSnapshot | Promise<CatalogSnapshot>
  /** The next `read` asks the database. */
  distrust(): void
  close(): void
}

/**
 * Keeps the outline of every course in memory. A notification makes the next reader look again, so does a
 * reconnection, and so does time, as notifications can be lost: one statement of the courses' current revisions,
 * and a second one only where a revision is new.
 *
 * @param trusted how long, in ms, a snapshot is taken for true when no notification came
 */
export function openCourseIndex(
  database: Database,
  notifications: Notifications,
  trusted = trustedMs,
): CourseIndex {
  let snapshot: CatalogSnapshot | undefined
  let trustedUntil = 0
  let distrusted = 0
  let refreshing: Promise<CatalogSnapshot> | undefined
  const distrust = () => {
    trustedUntil = 0
    distrusted++
    // Whoever asks from now on must not get the answer of a question that was asked before the change.
    refreshing = undefined
  }
  const stops = [notifications.on('catalog_changed', distrust), notifications.onReconnected(distrust)]

  async function refresh(): Promise<CatalogSnapshot> {
    const startedAt = performance.now()
    const seen = distrusted
    const next = await loadSnapshot(database, snapshot)
    if (seen === distrusted) {
      snapshot = next
      trustedUntil = startedAt + trusted
    }
    return next
  }

  return {
    read() {
      if (snapshot && performance.now() < trustedUntil) return snapshot
      if (refreshing) return refreshing
      const current = refresh().finally(() => {
        if (refreshing === current) refreshing = undefined
      })
      refreshing = current
      return current
    },
    distrust,
    close() {
      for (const stop of stops) stop()
    },
  }
}

async function loadSnapshot(
  database: Database,
  previous: CatalogSnapshot | undefined,
): Promise<CatalogSnapshot> {
  const rows = await database.course.findMany({
    where: { currentRevisionId: { not: null } },
    select: { id: true, slug: true, ownerId: true, state: true, archivedAt: true, currentRevisionId: true },
    orderBy: { id: 'asc' },
  })
  const outlines = new Map(previous?.courses.map(course => [course.revisionId, course]))
  const unknown = rows.flatMap(({ currentRevisionId: id }) => (id !== null && !outlines.has(id) ? [id] : []))
  const loaded =
    unknown.length === 0 ? new Map<string, CourseOutline>() : await loadOutlines(database, unknown)
  return toSnapshot(
    rows.flatMap(({ id, slug, ownerId, state, archivedAt, currentRevisionId: revisionId }) => {
      const outline = revisionId === null ? undefined : (loaded.get(revisionId) ?? outlines.get(revisionId))
      if (revisionId === null || outline === undefined) return []
      const withoutFiles = archivedAt !== null
      const shownState = withoutFiles ? 'ARCHIVED' : state
      return [placeLessons({ id, slug, ownerId, state: shownState, withoutFiles, revisionId }, outline)]
    }),
  )
}

async function loadOutlines(database: Database, revisionIds: string[]): Promise<Map<string, CourseOutline>> {
  const revisions = await database.courseRevision.findMany({
    where: { id: { in: revisionIds } },
    select: {
      id: true,
      document: true,
      lessons: {
        orderBy: { position: 'asc' },
        select: { lessonRevisionId: true },
      },
    },
  })
  return new Map(
    revisions.map(({ id, document, lessons }) => {
      const {
        title,
        summary,
        leaderboard = false,
        studentRuns = null,
        lessons: outlines,
      } = courseDocument.parse(document)
      const joined = joinRevisions(outlines, lessons)
      return [id, { title, summary: renderMarkdown(summary), leaderboard, studentRuns, outlines: joined }]
    }),
  )
}

function joinRevisions(
  outlines: CourseDocument['lessons'],
  revisions: readonly { lessonRevisionId: string }[],
): LessonOutline[] {
  return outlines.flatMap((outline, position) => {
    const revisionId = revisions[position]?.lessonRevisionId
    return revisionId === undefined ? [] : [{ ...outline, revisionId }]
  })
}

/** Lessons know their course, so that a neighbour is found without a search. */
function placeLessons(
  row: Pick<IndexedCourse, 'id' | 'slug' | 'ownerId' | 'state' | 'withoutFiles' | 'revisionId'>,
  outline: CourseOutline,
): IndexedCourse {
  const lessons: IndexedLesson[] = []
  // The outline may be that of the snapshot before, a whole course: what the row says now has precedence.
  const course: IndexedCourse = { ...outline, ...row, lessons }
  for (const [position, lesson] of outline.outlines.entries()) lessons.push({ ...lesson, course, position })
  return course
}

function toSnapshot(courses: readonly IndexedCourse[]): CatalogSnapshot {
  const lessons = courses.flatMap(course => course.lessons)
  return {
    courses,
    byId: new Map(courses.map(course => [course.id, course])),
    bySlug: new Map(courses.map(course => [course.slug, course])),
    lessons: new Map(lessons.map(lesson => [lesson.id, lesson])),
    quizzes: new Map(lessons.flatMap(lesson => (lesson.quizId === null ? [] : [[lesson.quizId, lesson]]))),
    labs: new Map(lessons.flatMap(lesson => lesson.labIds.map(id => [id, lesson] as const))),
  }
}
