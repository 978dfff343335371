import { existsSync } from 'node:fs'
import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../platform/database.js'
import { type ContentProblem, contentRefused, noContentFolder, unknownOwner } from '../errors.js'
import { archiveVanishedCourses } from './archive-courses.js'
import { Problems } from './problems.js'
import { type CourseSource, readCourse } from './read-course.js'
import { type CourseImport, type NewCourse, storeCourse } from './store-course.js'

const shownProblems = 20
const transactionLimits = { maxWait: 60_000, timeout: 60_000 }

export interface ImportOptions {
  /** Who owns courses that are new: an instructor or an admin. Nobody (so that only admins may publish) by default. */
  readonly ownerEmail?: string
  /** Publish courses that are new; otherwise they are drafts until their owner publishes them. */
  readonly publish?: boolean
  /** Told of each course as soon as it is stored: what comes before a refusal would be lost otherwise. */
  readonly onCourse?: (result: CourseImport) => void
}

/**
 * Imports a course folder, or every course folder in a folder. Each course is stored in one transaction: all of
 * it or nothing. Where a folder of courses was imported, the courses that came from it before and are not there
 * any more are archived, unless something was refused: a file that cannot be read names no course.
 *
 * @throws CONTENT_REFUSED after all the others are imported, where a course is broken: file, line and reason
 */
export async function importContent(
  database: Database,
  directory: string,
  { ownerEmail, publish = false, onCourse = () => {} }: ImportOptions = {},
): Promise<CourseImport[]> {
  const { root, folders } = await findCourses(directory)
  const newCourse: NewCourse = { ownerId: await findOwner(database, ownerEmail), publish, contentRoot: root }
  const imports: CourseImport[] = []
  const refused: ContentProblem[] = []
  const labels = new Map<string, string>()
  const report = (result: CourseImport) => {
    imports.push(result)
    onCourse(result)
  }
  for (const { path, label, linked } of folders) {
    const problems = new Problems()
    if (linked) {
      refused.push({ file: label, line: 1, reason: 'is a symbolic link: copy the folder' })
      continue
    }
    const source = await readCourse(path, label, problems)
    if (source) refuseSecond(source, labels, problems)
    const stored =
      source &&
      problems.none &&
      (await database.$transaction(tx => storeCourse(tx, source, newCourse, problems), transactionLimits))
    if (stored) report(stored)
    refused.push(...problems.list)
  }
  if (refused.length > 0) {
    throw contentRefused(refused.slice(0, shownProblems), Math.max(0, refused.length - shownProblems))
  }
  if (root !== null) {
    const present = imports.map(({ course }) => course)
    const archived = await database.$transaction(
      tx => archiveVanishedCourses(tx, root, present),
      transactionLimits,
    )
    for (const result of archived) report(result)
  }
  return imports
}

/** One line for people: `deep-learning-basics: updated (lessons: 1 new, 2 changed, 7 as before)`. */
export function describeImport({ course, outcome, lessons }: CourseImport): string {
  if (outcome === 'unchanged') return `${course}: unchanged`
  if (outcome === 'archived') return `${course}: archived, its folder is gone`
  const counts = [
    [lessons.created, 'new'],
    [lessons.updated, 'changed'],
    [lessons.unchanged, 'as before'],
    [lessons.archived, 'archived'],
  ] as const
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return `${course}: ${outcome} (lessons: ${parts.join(', ')})`
}

/** A copied folder whose id was left as it is would otherwise replace the course that it was copied from. */
function refuseSecond(
  { document: { id }, file, idLine }: CourseSource,
  labels: Map<string, string>,
  problems: Problems,
) {
  const other = labels.get(id)
  if (other === undefined) labels.set(id, file)
  else problems.add(file, idLine, `the id ${id} is taken by ${other}`)
}

/** The course folders of a folder, which is then the root that they came from; or the one course that it is. */
async function findCourses(
  directory: string,
): Promise<{ root: string | null; folders: { path: string; label: string; linked: boolean }[] }> {
  if (existsSync(join(directory, 'course.yaml'))) {
    return { root: null, folders: [{ path: directory, label: '', linked: false }] }
  }
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const folders = entries
    .filter(
      entry =>
        (entry.isDirectory() || entry.isSymbolicLink()) &&
        existsSync(join(directory, entry.name, 'course.yaml')),
    )
    .map(entry => ({ path: join(directory, entry.name), label: entry.name, linked: entry.isSymbolicLink() }))
    .sort((a, b) => (a.label < b.label ? -1 : 1))
  if (folders.length === 0) throw noContentFolder(directory)
  return { root: await realpath(directory), folders }
}

async function findOwner(database: Database, email: string | undefined): Promise<string | null> {
  if (email === undefined) return null
  const owner = await database.user.findUnique({ where: { email: email.trim().toLowerCase() } })
  if (!owner || owner.role === 'STUDENT') throw unknownOwner(email)
  return owner.id
}
