import { z } from 'zod'
import type { Database, Transaction } from '../platform/database.js'
import { notFound } from '../platform/errors.js'
import { type Actor, requireScope, requireUser, roles, type SignedInActor } from './contract.js'
import { signInRefused, tokenInvalid, tooManyTokens } from './errors.js'
import { allowedScopes, requireScopesToGive, requireSession, scopesOfRole } from './policy.js'
import type { CreateTokenInput } from './schemas.js'
import type { TokenCache } from './token-cache.js'
import { createTokenSecret, hashTokenSecret, isTokenSecret } from './token-secret.js'

const sessionDays = 30
const mostApiTokens = 50

/** A token without its secret, which nobody can read again. */
export interface AccessToken {
  readonly id: string
  readonly kind: 'SESSION' | 'API'
  readonly name: string
  readonly scopes: string[]
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly lastUsedAt: Date | null
  /** Whether it is the one that asks. */
  readonly current: boolean
}

export type TokenService = ReturnType<typeof createTokenService>

export function createTokenService(database: Database, cache: TokenCache) {
  /** Revokes in one statement and tells every process, in the transaction that it is part of. */
  async function revokeWhere(
    transaction: Transaction,
    userId: string,
    which: { only?: string; but?: string },
  ) {
    const rows = await transaction.$queryRaw`
      WITH revoked AS (
        UPDATE tokens SET "revokedAt" = now()
        WHERE "userId" = ${userId}::uuid AND "revokedAt" IS NULL AND "expiresAt" > now()
          AND (${which.only ?? null}::uuid IS NULL OR id = ${which.only ?? null}::uuid)
          AND (${which.but ?? null}::uuid IS NULL OR id <> ${which.but ?? null}::uuid)
        RETURNING id
      )
      SELECT id, pg_notify('token_revoked', id::text)::text FROM revoked`
    return z
      .array(z.object({ id: z.string() }))
      .parse(rows)
      .map(row => row.id)
  }

  /**
   * Ends a user's tokens in the transaction of what ends them, drops them here, and tells the other processes.
   * Gives their number.
   *
   * @param change runs first and locks the user's row, so that a sign-in waits or is revoked too; where it
   *   says false nothing changed and the tokens stay
   * @param but a token that stays
   */
  async function revokeAll(
    userId: string,
    change: (transaction: Transaction) => Promise<boolean>,
    but?: string,
  ): Promise<number> {
    const revoked = await database.$transaction(async transaction =>
      (await change(transaction)) ? revokeWhere(transaction, userId, but === undefined ? {} : { but }) : [],
    )
    for (const id of revoked) cache.drop(id)
    return revoked.length
  }

  return {
    revokeAll,

    /** Who a token belongs to, or undefined where it is not valid (any more) or its user is disabled. */
    async authenticate(secret: string): Promise<SignedInActor | undefined> {
      if (!isTokenSecret(secret)) return undefined
      const hash = hashTokenSecret(secret)
      const key = Buffer.from(hash).toString('base64')
      return cache.find(key) ?? cache.keep(key, () => findLiveToken(database, hash))
    },

    /**
     * The token of a sign-in. The user must still have the password that was verified: a sign-in that meets a
     * change of password, or that the user is disabled, either is revoked by it or finds nothing.
     */
    async issueSession(
      userId: string,
      verifiedHash: string,
    ): Promise<{ secret: string; token: AccessToken }> {
      const secret = createTokenSecret()
      const token = await database.$transaction(async transaction => {
        const rows = await transaction.$queryRaw`
          SELECT role::text, now() + make_interval(days => ${sessionDays}::int) AS "expiresAt" FROM users
          WHERE id = ${userId}::uuid AND "passwordHash" = ${verifiedHash} AND "disabledAt" IS NULL
          FOR SHARE`
        const user = z.array(z.object({ role: z.enum(roles), expiresAt: z.date() })).parse(rows)[0]
        if (user === undefined) throw signInRefused()
        await transaction.$executeRaw`
          DELETE FROM tokens WHERE "userId" = ${userId}::uuid
            AND LEAST("expiresAt", "revokedAt") < now() - interval '30 days'`
        return transaction.token.create({
          data: {
            userId,
            kind: 'SESSION',
            name: 'Session',
            hash: hashTokenSecret(secret),
            scopes: [...scopesOfRole(user.role)],
            expiresAt: user.expiresAt,
          },
        })
      })
      return { secret, token: present(token, token.id) }
    },

    /** @throws SESSION_REQUIRED, SCOPE_REQUIRED, TOKEN_INVALID, TOO_MANY_TOKENS */
    async createToken(
      actor: Actor,
      input: CreateTokenInput,
    ): Promise<{ secret: string; token: AccessToken }> {
      const user = requireSession(actor)
      requireScopesToGive(user, input.scopes)
      const secret = createTokenSecret()
      const token = await database.$transaction(async transaction => {
        const expiresAt = await lockLiveSession(transaction, user, input.expiresInDays)
        const live = {
          userId: user.userId,
          kind: 'API',
          revokedAt: null,
          expiresAt: { gt: new Date() },
        } as const
        if ((await transaction.token.count({ where: live })) >= mostApiTokens)
          throw tooManyTokens(mostApiTokens)
        return transaction.token.create({
          data: {
            userId: user.userId,
            kind: 'API',
            name: input.name,
            hash: hashTokenSecret(secret),
            scopes: input.scopes,
            expiresAt,
          },
        })
      })
      return { secret, token: present(token, user.tokenId) }
    },

    /** The actor's own tokens that are valid, newest first. */
    async listTokens(actor: Actor): Promise<AccessToken[]> {
      const user = requireScope(actor, 'read')
      const rows = await database.token.findMany({
        where: { userId: user.userId, revokedAt: null, expiresAt: { gt: new Date() } },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: 200,
      })
      return rows.map(row => present(row, user.tokenId))
    },

    /** Ends one of the actor's tokens. A token may always end itself. */
    async revokeToken(actor: Actor, tokenId: string): Promise<void> {
      const user = requireUser(actor)
      if (tokenId !== user.tokenId) requireSession(user)
      const revoked = await revokeWhere(database, user.userId, { only: tokenId })
      if (revoked.length === 0) throw notFound('token')
      for (const id of revoked) cache.drop(id)
    },

    async signOut(actor: Actor): Promise<void> {
      const user = requireUser(actor)
      for (const id of await revokeWhere(database, user.userId, { only: user.tokenId })) cache.drop(id)
    },

    /** Ends every token of the actor, this one too. Gives their number. */
    async signOutEverywhere(actor: Actor): Promise<number> {
      const user = requireSession(actor)
      return revokeAll(user.userId, async transaction => {
        await transaction.$queryRaw`SELECT id FROM users WHERE id = ${user.userId}::uuid FOR UPDATE`
        return true
      })
    },
  }
}

type StoredToken = Omit<AccessToken, 'current'>

const present = (row: StoredToken, currentId: string): AccessToken => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  scopes: row.scopes,
  createdAt: row.createdAt,
  expiresAt: row.expiresAt,
  lastUsedAt: row.lastUsedAt,
  current: row.id === currentId,
})

const liveToken = z.object({
  id: z.string(),
  userId: z.string(),
  kind: z.enum(['SESSION', 'API']),
  scopes: z.array(z.string()),
  role: z.enum(roles),
  expiresAt: z.date(),
  validForMs: z.number(),
  usedLately: z.boolean(),
})

/** The state of a token by the database's clock; its last use is written at most once a minute. */
async function findLiveToken(database: Database, hash: Uint8Array) {
  const rows = await database.$queryRaw`
    SELECT t.id, t."userId", t.kind::text, t.scopes, u.role::text, t."expiresAt",
      (extract(epoch FROM t."expiresAt" - now()) * 1000)::float8 AS "validForMs",
      coalesce(t."lastUsedAt" > now() - interval '1 minute', false) AS "usedLately"
    FROM tokens t JOIN users u ON u.id = t."userId"
    WHERE t.hash = ${hash} AND t."revokedAt" IS NULL AND t."expiresAt" > now() AND u."disabledAt" IS NULL`
  const row = z.array(liveToken).parse(rows)[0]
  if (row === undefined) return undefined
  if (!row.usedLately) {
    await database.$executeRaw`UPDATE tokens SET "lastUsedAt" = now() WHERE id = ${row.id}::uuid`
  }
  const actor: SignedInActor = Object.freeze({
    kind: 'user',
    userId: row.userId,
    role: row.role,
    scopes: allowedScopes(row.role, row.scopes),
    tokenId: row.id,
    tokenKind: row.kind,
    tokenExpiresAt: row.expiresAt,
  })
  return { actor, validForMs: row.validForMs }
}

/**
 * Holds the session that makes a token: "sign out everywhere" waits for it and then ends the new token too.
 * Gives the moment at which the new token expires.
 */
async function lockLiveSession(transaction: Transaction, user: SignedInActor, days: number): Promise<Date> {
  const rows = await transaction.$queryRaw`
    SELECT now() + make_interval(days => ${days}::int) AS "expiresAt"
    FROM users u JOIN tokens t ON t."userId" = u.id
    WHERE u.id = ${user.userId}::uuid AND u."disabledAt" IS NULL
      AND t.id = ${user.tokenId}::uuid AND t."revokedAt" IS NULL AND t."expiresAt" > now()
    FOR SHARE`
  const row = z.array(z.object({ expiresAt: z.date() })).parse(rows)[0]
  if (row === undefined) throw tokenInvalid()
  return row.expiresAt
}
