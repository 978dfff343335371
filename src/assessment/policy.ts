import { type Actor, hasScope, requireScope, type SignedInActor } from '../identity/contract.js'

/** Who may submit is decided here as far as the actor says; enrolment is asked of learning. */
export function requireLearner(actor: Actor): SignedInActor {
  return requireScope(actor, 'learn')
}

export function requireReader(actor: Actor): SignedInActor {
  return requireScope(actor, 'read')
}

/** Whether an actor teaches the course: sees its students' attempts, and the right answers at any time. */
export function teaches(actor: Actor, courseOwnerId: string | null): boolean {
  if (hasScope(actor, 'admin') && actor.role === 'ADMIN') return true
  return hasScope(actor, 'read') && actor.role === 'INSTRUCTOR' && actor.userId === courseOwnerId
}

/** Whether an actor may see an attempt: the one who made it, and who teaches the course. */
export function maySeeAttempt(
  actor: Actor,
  attempt: { readonly userId: string; readonly courseOwnerId: string | null },
): boolean {
  if (hasScope(actor, 'read') && actor.userId === attempt.userId) return true
  return teaches(actor, attempt.courseOwnerId)
}
