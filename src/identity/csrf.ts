import type { FastifyRequest } from 'fastify'
import { csrfRefused, originRefused } from './errors.js'
import { isCsrfTokenOf } from './token-secret.js'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether the request may change something. A WebSocket's upgrade is a GET and can carry mutations. */
export const isUnsafe = (request: FastifyRequest) => !safeMethods.has(request.method) || isUpgrade(request)

const isUpgrade = (request: FastifyRequest) => request.headers.upgrade !== undefined

/**
 * Refuses what another site's page sends: browsers name the page's origin themselves. Programs send no origin.
 *
 * @throws ORIGIN_REFUSED
 */
export function requireOwnOrigin(request: FastifyRequest) {
  const { origin } = request.headers
  if (origin === undefined || request.server.deps.config.corsOrigins.includes(origin)) return
  if (!URL.canParse(origin)) throw originRefused()
  const { protocol, host } = new URL(origin)
  // An origin never names its scheme's usual port; a Host header may.
  const own = `${protocol}//${request.host}`
  if (!URL.canParse(own) || new URL(own).host !== host) throw originRefused()
}

/**
 * Refuses a request that only the cookie signs in and that lacks the session's CSRF token. A page can set no
 * header on an upgrade, whose origin has to do.
 *
 * @throws CSRF_REFUSED
 */
export function requireCsrfToken(request: FastifyRequest, secret: string) {
  if (isUpgrade(request)) return
  const given = request.headers['x-csrf-token']
  if (typeof given !== 'string' || !isCsrfTokenOf(secret, given)) throw csrfRefused()
}
