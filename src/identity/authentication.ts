import type { FastifyReply, FastifyRequest } from 'fastify'
import { needsUser } from '../platform/openapi-route.js'
import { type Actor, anonymous, requireUser } from './contract.js'
import { isUnsafe, requireCsrfToken, requireOwnOrigin } from './csrf.js'
import { tokenInvalid } from './errors.js'
import { clearSessionCookie, readSessionCookie } from './session-cookie.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking: set before any route runs. */
    actor: Actor
    /** The secret of the cookie that signed the request in, or undefined where no cookie did. */
    sessionSecret: string | undefined
  }
  interface FastifyContextConfig {
    /** 'origin': taken from our own origins without a CSRF token, which a page that signs in has not yet. */
    csrf?: 'token' | 'origin'
  }
}

/**
 * Says who is asking, by the bearer token or, without one, by the session's cookie. A bearer token that is not
 * valid is refused; a browser whose cookie is not valid any more reads on as anyone does.
 *
 * @throws TOKEN_INVALID, ORIGIN_REFUSED, CSRF_REFUSED; UNAUTHENTICATED where the route's `security` asks for a user
 */
export async function authenticateRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await identify(request, reply)
  if (needsUser(request.routeOptions.schema)) requireUser(request.actor)
}

async function identify(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  request.actor = anonymous
  request.sessionSecret = undefined
  const { identity } = request.server
  const bearer = readBearerToken(request)
  if (bearer !== undefined) {
    const actor = await identity.authenticate(bearer)
    if (actor === undefined) {
      reply.header('www-authenticate', 'Bearer error="invalid_token"')
      throw tokenInvalid()
    }
    request.actor = actor
    return
  }
  const secret = readSessionCookie(request)
  if (secret === undefined) return
  const actor = await identity.authenticate(secret)
  if (actor === undefined) {
    clearSessionCookie(reply)
    return
  }
  if (isUnsafe(request)) {
    requireOwnOrigin(request)
    if (request.routeOptions.config.csrf !== 'origin') requireCsrfToken(request, secret)
  }
  request.actor = actor
  request.sessionSecret = secret
}

/** The token of RFC 6750's header; another scheme is a proxy's business. */
function readBearerToken(request: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
}
