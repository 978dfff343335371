import { type Actor, requireScope, type SignedInActor } from '../identity/contract.js'

/** Who may enrol, leave and mark lessons: every role, with a token that may learn. */
export function requireLearner(actor: Actor): SignedInActor {
  return requireScope(actor, 'learn')
}

/** Who may see progress: each one the own, and no one another's. */
export function requireReader(actor: Actor): SignedInActor {
  return requireScope(actor, 'read')
}
