import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Actor, requireUser, type SignedInActor } from './contract.js'
import { requireOwnOrigin } from './csrf.js'
import type { IdentityService } from './identity-service.js'
import type { ChangePasswordInput, SignInInput } from './schemas.js'
import { clearSessionCookie, setSessionCookie } from './session-cookie.js'
import type { SignInLimit } from './sign-in-limit.js'
import { csrfTokenOf } from './token-secret.js'
import type { User } from './user-service.js'

export interface SignedIn {
  readonly user: User
  readonly expiresAt: Date
  /** Null where the cookie carries it. */
  readonly token: string | null
  /** Null for a bearer token, which needs none. */
  readonly csrfToken: string | null
}

/** What signing in and out does to a request and its answer, the same on both faces. */
export interface BrowserSession {
  signIn(request: FastifyRequest, reply: FastifyReply, input: SignInInput): Promise<SignedIn>
  signOut(actor: Actor, reply: FastifyReply): Promise<void>
  signOutEverywhere(actor: Actor, reply: FastifyReply): Promise<number>
  changePassword(request: FastifyRequest, reply: FastifyReply, input: ChangePasswordInput): Promise<void>
  describe(request: FastifyRequest): { actor: SignedInActor; csrfToken: string | null }
}

export function createBrowserSession(identity: IdentityService, limit: SignInLimit): BrowserSession {
  return {
    async signIn(request, reply, { delivery, ...input }) {
      // Another site must not sign a browser in to an account of its choice.
      if (delivery === 'cookie') requireOwnOrigin(request)
      await limit.count(request, reply, input.email)
      const { secret, token, user } = await identity.signIn(input)
      if (delivery === 'bearer') return { user, expiresAt: token.expiresAt, token: secret, csrfToken: null }
      setSessionCookie(reply, secret, token.expiresAt)
      return { user, expiresAt: token.expiresAt, token: null, csrfToken: csrfTokenOf(secret) }
    },

    async signOut(actor, reply) {
      await identity.signOut(actor)
      clearSessionCookie(reply)
    },

    async signOutEverywhere(actor, reply) {
      const ended = await identity.signOutEverywhere(actor)
      clearSessionCookie(reply)
      return ended
    },

    async changePassword(request, reply, input) {
      // Who stole a session must not find the password by trying.
      await limit.count(request, reply, requireUser(request.actor).userId)
      await identity.changePassword(request.actor, input)
    },

    describe({ actor, sessionSecret }) {
      return {
        actor: requireUser(actor),
        csrfToken: sessionSecret === undefined ? null : csrfTokenOf(sessionSecret),
      }
    },
  }
}
