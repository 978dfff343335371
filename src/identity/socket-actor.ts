import type { IncomingHttpHeaders } from 'node:http'
import { fastifyCookie } from '@fastify/cookie'
import { type Actor, anonymous } from './contract.js'
import { tokenInvalid } from './errors.js'
import type { IdentityService } from './identity-service.js'
import { cookieName } from './session-cookie.js'

/**
 * Who opens a socket: by the bearer token of its first message, or by the cookie of its upgrade.
 *
 * @throws TOKEN_INVALID where the token is not valid (any more)
 */
export async function authenticateSocket(
  identity: IdentityService,
  { authorization, headers }: { authorization: string | undefined; headers: IncomingHttpHeaders },
): Promise<Actor> {
  const bearer = /^bearer +(\S+) *$/i.exec(authorization ?? headers.authorization ?? '')?.[1]
  const secret = bearer ?? fastifyCookie.parse(headers.cookie ?? '')[cookieName]
  if (secret === undefined) return anonymous
  const actor = await identity.authenticate(secret)
  if (actor === undefined) throw tokenInvalid()
  return actor
}
