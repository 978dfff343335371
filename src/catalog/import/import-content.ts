import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../platform/database.js'
import { type ContentProblem, contentRefused, noContentFolder, unknownOwner } from '../errors.js'
import { Problems } from './problems.js'
import { readCourse } from './read-course.js'
import { type CourseImport, type NewCourse, storeCourse } from './store-course.js'

const shownProblems = 20
const transactionMs = 60_000

export interface ImportOptions {
  /** Who owns courses that are new: an instructor or an admin. Nobody (so that only admins may publish) by default. */
  readonly ownerEmail?: string
  /** Publish courses that are new; otherwise they are drafts until their owner publishes them. */
  readonly publish?: boolean
}

/**
 * Imports a course folder, or every course folder in a folder. Each course is stored in one transaction: all of
 * it or nothing. A course whose folder is gone is left alone, because a folder cannot tell whether a course that
 * it does not hold ever came from it: its owner archives it over the API.
 *
 * @throws CONTENT_REFUSED after all the others are imported, where a course is broken: file, line and reason
 */
export async function importContent(
  database: Database,
  directory: string,
  { ownerEmail, publish = false }: ImportOptions = {},
): Promise<CourseImport[]> {
  const newCourse: NewCourse = { ownerId: await findOwner(database, ownerEmail), publish }
  const imports: CourseImport[] = []
  const refused: ContentProblem[] = []
  for (const { path, label } of await findCourses(directory)) {
    const problems = new Problems()
    const source = await readCourse(path, label, problems)
    const stored =
      source &&
      (await database.$transaction(tx => storeCourse(tx, source, newCourse, problems), {
        timeout: transactionMs,
      }))
    if (stored) imports.push(stored)
    else refused.push(...problems.list)
  }
  if (refused.length > 0) {
    throw contentRefused(refused.slice(0, shownProblems), Math.max(0, refused.length - shownProblems))
  }
  return imports
}

/** One line for people: `deep-learning-basics: updated (1 lesson new, 2 changed, 7 as before)`. */
export function describeImport({ course, outcome, lessons }: CourseImport): string {
  if (outcome === 'unchanged') return `${course}: unchanged`
  const counts = [
    [lessons.created, 'new'],
    [lessons.updated, 'changed'],
    [lessons.unchanged, 'as before'],
    [lessons.archived, 'archived'],
  ] as const
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return `${course}: ${outcome} (lessons: ${parts.join(', ')})`
}

async function findCourses(directory: string): Promise<{ path: string; label: string }[]> {
  if (existsSync(join(directory, 'course.yaml'))) return [{ path: directory, label: '' }]
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const courses = entries
    .filter(entry => entry.isDirectory() && existsSync(join(directory, entry.name, 'course.yaml')))
    .map(entry => ({ path: join(directory, entry.name), label: entry.name }))
    .sort((a, b) => (a.label < b.label ? -1 : 1))
  if (courses.length === 0) throw noContentFolder(directory)
  return courses
}

async function findOwner(database: Database, email: string | undefined): Promise<string | null> {
  if (email === undefined) return null
  const owner = await database.user.findUnique({ where: { email: email.trim().toLowerCase() } })
  if (!owner || owner.role === 'STUDENT') throw unknownOwner(email)
  return owner.id
}
