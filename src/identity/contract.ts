import type { FastifyReply } from 'fastify'
import { unauthenticated } from '../platform/errors.js'
import { scopeRequired } from './errors.js'

/** What a token may be used for. A session has all that its role allows; a script's token what it was made for. */
export const scopes = ['read', 'learn', 'train', 'author', 'admin'] as const
export type Scope = (typeof scopes)[number]

export const roles = ['STUDENT', 'INSTRUCTOR', 'ADMIN'] as const
export type Role = (typeof roles)[number]

export interface SignedInActor {
  readonly kind: 'user'
  readonly userId: string
  readonly role: Role
  /** The token's scopes that the role allows. */
  readonly scopes: readonly Scope[]
  readonly tokenId: string
  /** SESSION: the user signed in; API: a token made for a script, which may not manage the account. */
  readonly tokenKind: 'SESSION' | 'API'
  readonly tokenExpiresAt: Date
}

/** Who is asking. Every service takes one, and decides by its domain's `policy.ts`. */
export type Actor = { readonly kind: 'anonymous' } | SignedInActor

export const anonymous: Actor = Object.freeze({ kind: 'anonymous' })

export function hasScope(actor: Actor, scope: Scope): actor is SignedInActor {
  return actor.kind === 'user' && actor.scopes.includes(scope)
}

/** @throws UNAUTHENTICATED where nobody is signed in. */
export function requireUser(actor: Actor): SignedInActor {
  if (actor.kind === 'anonymous') throw unauthenticated()
  return actor
}

/** @throws UNAUTHENTICATED where nobody is signed in, SCOPE_REQUIRED where role or token do not allow it. */
export function requireScope(actor: Actor, scope: Scope): SignedInActor {
  const user = requireUser(actor)
  if (!user.scopes.includes(scope)) throw scopeRequired(scope)
  return user
}

/** What every GraphQL resolver is told besides its arguments. */
export interface GraphqlContext {
  readonly actor: Actor
  /** Not there on a WebSocket, which can set no cookie. */
  readonly reply?: FastifyReply
}
