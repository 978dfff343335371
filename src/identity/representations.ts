import { z } from 'zod'
import { pageOf } from '../platform/pagination.js'
import type { SignedIn } from './browser-session.js'
import { roles, type SignedInActor, scopes } from './contract.js'
import type { AccessToken } from './token-service.js'
import type { User } from './user-service.js'

/** What the REST face sends, and how it is made. */

const moment = z.iso.datetime()

export const userBody = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.enum(roles),
  disabled: z.boolean(),
  createdAt: moment,
})
export const userPage = pageOf(userBody).extend({ totalCount: z.number() })

export const tokenBody = z.object({
  id: z.string(),
  kind: z.enum(['SESSION', 'API']),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: moment,
  expiresAt: moment,
  lastUsedAt: moment.nullable(),
  current: z.boolean(),
})
export const newTokenBody = z.object({
  secret: z.string().describe('The token itself. It is shown this once.'),
  token: tokenBody,
})

export const signedInBody = z.object({
  user: userBody,
  expiresAt: moment,
  token: z.string().nullable().describe("Null with delivery 'cookie'."),
  csrfToken: z.string().nullable().describe("For the header x-csrf-token; null with delivery 'bearer'."),
})

export const sessionBody = z.object({
  userId: z.string(),
  role: z.enum(roles),
  scopes: z.array(z.enum(scopes)),
  kind: z.enum(['SESSION', 'API']),
  expiresAt: moment,
  csrfToken: z.string().nullable(),
})

export const showUser = ({ disabledAt, createdAt, ...user }: User) => ({
  ...user,
  disabled: disabledAt !== null,
  createdAt: createdAt.toISOString(),
})

export const showToken = (token: AccessToken) => ({
  ...token,
  createdAt: token.createdAt.toISOString(),
  expiresAt: token.expiresAt.toISOString(),
  lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
})

export const showSignedIn = (signedIn: SignedIn) => ({
  ...signedIn,
  user: showUser(signedIn.user),
  expiresAt: signedIn.expiresAt.toISOString(),
})

export const showSession = (session: { actor: SignedInActor; csrfToken: string | null }) => ({
  userId: session.actor.userId,
  role: session.actor.role,
  scopes: [...session.actor.scopes],
  kind: session.actor.tokenKind,
  expiresAt: session.actor.tokenExpiresAt.toISOString(),
  csrfToken: session.csrfToken,
})
