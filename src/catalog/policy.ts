import { type Actor, hasScope, requireScope } from '../identity/contract.js'
import { forbidden, notFound } from '../platform/errors.js'
import type { CourseState } from './contract.js'

interface OwnedCourse {
  readonly ownerId: string | null
  readonly state: CourseState
}

/** Anyone reads what is published; a draft and what is archived only its owner, while still an instructor, and admins. */
export function canSee(actor: Actor, course: OwnedCourse): boolean {
  return course.state === 'PUBLISHED' || canSeeUnpublished(actor, course)
}

/** Drafts, archived courses, and revisions that were never published. */
export function canSeeUnpublished(actor: Actor, course: OwnedCourse): boolean {
  if (actor.kind === 'anonymous') return false
  return actor.role === 'ADMIN' || (actor.role === 'INSTRUCTOR' && actor.userId === course.ownerId)
}

/** The right answers of a quiz: for the instructor whose course it is, and nobody else. */
export function canSeeAnswers(actor: Actor, courseOwnerId: string | null): boolean {
  return hasScope(actor, 'author') && actor.userId === courseOwnerId
}

/**
 * Who may publish and archive a course: its owner, and admins.
 *
 * @throws NOT_FOUND where the course is missing or not for the actor's eyes, FORBIDDEN where it is only not theirs
 */
export function requireEditable<Course extends OwnedCourse>(
  actor: Actor,
  course: Course | undefined,
): Course {
  const user = requireScope(actor, 'author')
  if (course === undefined || !canSee(actor, course)) throw notFound('course')
  if (user.userId !== course.ownerId && !hasScope(user, 'admin'))
    throw forbidden('change the state of this course')
  return course
}
