import type { FastifyReply, FastifyRequest } from 'fastify'

export const cookieName = 'lyceum_session'

/** SameSite=Lax: no other site's page sends it along with what changes something. */
const attributes = (secure: boolean) => ({ path: '/', httpOnly: true, sameSite: 'lax', secure }) as const

export function readSessionCookie(request: FastifyRequest): string | undefined {
  return request.cookies[cookieName]
}

export function setSessionCookie(reply: FastifyReply, secret: string, expires: Date) {
  reply.setCookie(cookieName, secret, { ...attributes(reply.server.deps.config.cookieSecure), expires })
}

export function clearSessionCookie(reply: FastifyReply) {
  reply.clearCookie(cookieName, attributes(reply.server.deps.config.cookieSecure))
}
