import {
  type Actor,
  type Role,
  requireScope,
  requireUser,
  type Scope,
  type SignedInActor,
  scopes,
} from './contract.js'
import { scopeRequired, sessionRequired } from './errors.js'

const scopesByRole: Readonly<Record<Role, readonly Scope[]>> = {
  STUDENT: ['read', 'learn', 'train'],
  INSTRUCTOR: ['read', 'learn', 'train', 'author'],
  ADMIN: scopes,
}

export function scopesOfRole(role: Role): readonly Scope[] {
  return scopesByRole[role]
}

/** A token never gives more than the role of its user does today; what is no scope (any more) is dropped. */
export function allowedScopes(role: Role, tokenScopes: readonly string[]): readonly Scope[] {
  return scopesByRole[role].filter(scope => tokenScopes.includes(scope))
}

/** Who may look after the users of the university. */
export const requireAdmin = (actor: Actor): SignedInActor => requireScope(actor, 'admin')

/**
 * Who may change how an account is signed in to: its user after giving the password, not a script. An API
 * token could otherwise outlive its expiry by making the next one.
 */
export function requireSession(actor: Actor): SignedInActor {
  const user = requireUser(actor)
  if (user.tokenKind !== 'SESSION') throw sessionRequired()
  return user
}

/** @throws SCOPE_REQUIRED where a token would get a scope that its maker does not have. */
export function requireScopesToGive(user: SignedInActor, wanted: readonly Scope[]) {
  const missing = wanted.find(scope => !user.scopes.includes(scope))
  if (missing !== undefined) throw scopeRequired(missing)
}
