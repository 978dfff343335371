import type { RunPriority } from '../generated/prisma/enums.js'
import { type Actor, requireScope, type SignedInActor } from '../identity/contract.js'
import { forbidden } from '../platform/errors.js'

/** Whose a run is; the course is the one whose lab it belongs to. */
export interface RunOwnership {
  ownerId: string
  courseOwnerId: string | null
}

/** Who may bring datasets and models of their own. @throws UNAUTHENTICATED, SCOPE_REQUIRED, or FORBIDDEN for students. */
export function requireUploader(actor: Actor): SignedInActor {
  const user = requireScope(actor, 'train')
  if (user.role !== 'INSTRUCTOR' && user.role !== 'ADMIN')
    throw forbidden('bring datasets or models of your own')
  return user
}

/** Among the own runs each may say what goes first; before those of others only an admin's may go. @throws FORBIDDEN */
export function requirePriority(actor: SignedInActor, priority: RunPriority) {
  if (priority === 'URGENT' && !actor.scopes.includes('admin')) throw forbidden('make a run urgent')
}

/** @throws UNAUTHENTICATED or SCOPE_REQUIRED. */
export function requireRunReader(actor: Actor): SignedInActor {
  return requireScope(actor, 'read')
}

/** Who may launch runs and change them: with a token that may train, whatever the role; what a student may launch its course says. @throws UNAUTHENTICATED or SCOPE_REQUIRED */
export function requireRunEditor(actor: Actor): SignedInActor {
  return requireScope(actor, 'train')
}

/** A run that may not be seen is answered like one that does not exist. */
export function maySeeRun(actor: SignedInActor, run: RunOwnership): boolean {
  if (mayManageRun(actor, run)) return true
  return actor.role === 'INSTRUCTOR' && run.courseOwnerId === actor.userId
}

/** What `maySeeRun` says of all runs at once: every run, or the own, and those of the own courses or not. */
export function visibleRuns(actor: SignedInActor): { all: boolean; ofOwnCourses: boolean } {
  return { all: actor.scopes.includes('admin'), ofOwnCourses: actor.role === 'INSTRUCTOR' }
}

/** Who may change and delete a run: an instructor who only sees it, because it is of the own course, may not. */
export function mayManageRun(actor: SignedInActor, run: RunOwnership): boolean {
  return actor.scopes.includes('admin') || run.ownerId === actor.userId
}

/** Besides them the instructor of the course, where its budget pays for the run. */
export function mayCancelRun(actor: SignedInActor, run: RunOwnership & { isBudgeted: boolean }): boolean {
  return mayManageRun(actor, run) || (run.isBudgeted && maySeeRun(actor, run))
}

/** An upload is its owner's alone, and an admin's. One that may not be seen is answered like one that does not exist. */
export function maySeeUpload(actor: SignedInActor, { ownerId }: { ownerId: string }): boolean {
  return actor.scopes.includes('admin') || ownerId === actor.userId
}
