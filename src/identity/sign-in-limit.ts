import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Database, Prisma } from '../platform/database.js'
import { tooManySignIns } from './errors.js'

/** Counts the attempts to give a password, by address and by account. */
export interface SignInLimit {
  /**
   * Counts one attempt; throws where there were too many in the last minute, whether or not they were right.
   *
   * @param account what is tried: an e-mail address, known or not, or a user's id
   * @throws TOO_MANY_SIGN_INS, with the header Retry-After
   */
  count(request: FastifyRequest, reply: FastifyReply, account: string): Promise<void>
}

/**
 * Counts in the database: more API processes are not more attempts.
 *
 * @param perMinute attempts for each address (IPv6: each /64 network) and for each account
 */
export function createSignInLimit(database: Database, perMinute: number): SignInLimit {
  const waitFor = async (key: Prisma.Sql) => {
    const { attempts, secondsLeft } = await countInWindow(database, key)
    return attempts > perMinute ? secondsLeft : 0
  }
  return {
    async count(request, reply, account) {
      // An address that is refused does not use up the account's attempts as well.
      const wait = (await waitFor(keyOfAddress(request.ip))) || (await waitFor(keyOfAccount(account)))
      if (wait === 0) return
      reply.header('retry-after', String(wait))
      throw tooManySignIns(wait)
    },
  }
}

/** One who has an IPv6 address has a whole network of them; IPv4 may come in the clothes of IPv6. */
function keyOfAddress(ip: string): Prisma.Sql {
  const address = ip.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return Prisma.sql`'address ' || CASE family(${address}::inet)
    WHEN 6 THEN network(set_masklen(${address}::inet, 64))::text ELSE ${address} END`
}

/** As a hash: an address that was only mistyped is nobody's to keep. */
function keyOfAccount(account: string): Prisma.Sql {
  return Prisma.sql`'account ' || ${createHash('sha256').update(account).digest('base64url')}`
}

const windowRows = z.tuple([z.object({ attempts: z.int(), secondsLeft: z.int() })])

/** Fixed windows of a minute, by the database's clock. */
async function countInWindow(database: Database, key: Prisma.Sql) {
  const rows = await database.$queryRaw`
    INSERT INTO sign_in_windows AS w (key, attempts, "endsAt") VALUES (${key}, 1, now() + interval '1 minute')
    ON CONFLICT (key) DO UPDATE SET
      attempts = CASE WHEN w."endsAt" > now() THEN w.attempts + 1 ELSE 1 END,
      "endsAt" = CASE WHEN w."endsAt" > now() THEN w."endsAt" ELSE excluded."endsAt" END
    RETURNING attempts, ceil(extract(epoch FROM "endsAt" - now()))::int AS "secondsLeft"`
  const [window] = windowRows.parse(rows)
  if (window.attempts === 1) await forgetOldWindows(database)
  return window
}

/** Each new window clears away old ones: the table does not grow. What another process looks at stays. */
async function forgetOldWindows(database: Database) {
  await database.$executeRaw`
    DELETE FROM sign_in_windows WHERE key IN (
      SELECT key FROM sign_in_windows WHERE "endsAt" < now() - interval '1 minute'
      LIMIT 100 FOR UPDATE SKIP LOCKED
    )`
}
