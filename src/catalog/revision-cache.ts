import type { Database } from '../platform/database.js'
import { lessonDocument } from './documents.js'
import { type LoadedLesson, renderLesson } from './lesson-content.js'

/** About 100 KB each with text, HTML and MathML. */
const keptRevisions = 500

export interface RevisionCache {
  /** Synchronous where the revision is in memory. A revision is immutable, so that it is true for ever. */
  get(revisionId: string): LoadedLesson | Promise<LoadedLesson | undefined>
}

/**
 * Lesson revisions in memory, the longest unused one given up first. Revisions asked for in the same turn are
 * read by one statement, however many.
 */
export function openRevisionCache(database: Database, capacity = keptRevisions): RevisionCache {
  // A Map keeps the order of insertion: the first entry is the one that was not used for longest.
  const kept = new Map<string, LoadedLesson>()
  const pending = new Map<string, Promise<LoadedLesson | undefined>>()
  let batch: { ids: string[]; loaded: Promise<Map<string, LoadedLesson>> } | undefined

  let newest: LoadedLesson | undefined

  function keep(lesson: LoadedLesson) {
    // One request asks for its lesson once a field.
    if (lesson === newest) return
    newest = lesson
    kept.delete(lesson.revisionId)
    kept.set(lesson.revisionId, lesson)
    for (const oldest of kept.keys()) {
      if (kept.size <= capacity) break
      kept.delete(oldest)
    }
  }

  function joinBatch(id: string): Promise<Map<string, LoadedLesson>> {
    if (!batch) {
      const ids: string[] = []
      const loaded = new Promise(setImmediate).then(() => {
        batch = undefined
        return loadLessons(database, ids)
      })
      batch = { ids, loaded }
    }
    batch.ids.push(id)
    return batch.loaded
  }

  return {
    get(id) {
      const lesson = kept.get(id)
      if (lesson) {
        keep(lesson)
        return lesson
      }
      const known = pending.get(id)
      if (known) return known
      const loading = joinBatch(id)
        .then(lessons => {
          const loaded = lessons.get(id)
          if (loaded) keep(loaded)
          return loaded
        })
        .finally(() => pending.delete(id))
      pending.set(id, loading)
      return loading
    },
  }
}

async function loadLessons(database: Database, ids: string[]): Promise<Map<string, LoadedLesson>> {
  const rows = await database.lessonRevision.findMany({
    where: { id: { in: ids } },
    select: { id: true, lessonId: true, lesson: { select: { courseId: true } }, document: true },
  })
  return new Map(
    rows.map(({ id, lessonId, lesson: { courseId }, document: stored }) => {
      const document = lessonDocument.parse(stored)
      const { quiz, labs } = document
      return [id, { revisionId: id, lessonId, courseId, content: renderLesson(document), quiz, labs }]
    }),
  )
}
