import { type Actor, hasScope, requireScope, type SignedInActor } from '../identity/contract.js'

/** Who may submit is decided here as far as the actor says; enrolment is asked of learning. */
export function requireLearner(actor: Actor): SignedInActor {
  return requireScope(actor, 'learn')
}

export function requireReader(actor: Actor): SignedInActor {
  return requireScope(actor, 'read')
}

/** Whether an actor teaches the course: sees its right answers at any time. Not even an admin does otherwise. */
export function teaches(actor: Actor, courseOwnerId: string | null): boolean {
  return hasScope(actor, 'read') && actor.role !== 'STUDENT' && actor.userId === courseOwnerId
}

/** Whether an actor sees the attempts of a course's students: who teaches it, and admins. */
export function seesAttempts(actor: Actor, courseOwnerId: string | null): boolean {
  return (hasScope(actor, 'admin') && actor.role === 'ADMIN') || teaches(actor, courseOwnerId)
}

/** Whether an actor may see an attempt: the one who made it, and who sees those of the course. */
export function maySeeAttempt(
  actor: Actor,
  attempt: { readonly userId: string; readonly courseOwnerId: string | null },
): boolean {
  if (hasScope(actor, 'read') && actor.userId === attempt.userId) return true
  return seesAttempts(actor, attempt.courseOwnerId)
}
