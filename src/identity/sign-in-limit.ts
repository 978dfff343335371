import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { tooManySignIns } from './errors.js'

const windowMs = 60_000
const mostAccounts = 10_000

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

/** @param perMinute attempts for each address (IPv6: each /64 network) and for each account, in each process */
export async function createSignInLimit(app: FastifyInstance, perMinute: number): Promise<SignInLimit> {
  if (!app.hasDecorator('createRateLimit')) await app.register(rateLimit, { global: false })
  const byAddress = app.createRateLimit({ max: perMinute, timeWindow: windowMs })
  const byAccount = createWindow(perMinute)
  return {
    async count(request, reply, account) {
      const address = await byAddress(request)
      // An address that is refused does not use up the account's attempts as well.
      const waitSeconds = !address.isAllowed && address.isExceeded ? address.ttlInSeconds : byAccount(account)
      if (waitSeconds === 0) return
      reply.header('retry-after', String(waitSeconds))
      throw tooManySignIns(waitSeconds)
    },
  }
}

/** Fixed windows of a minute. Gives 0, or the seconds after which the key may try again. */
export function createWindow(most: number, now: () => number = () => performance.now()) {
  const windows = new Map<string, { count: number; endsAt: number }>()
  return (key: string): number => {
    const known = windows.get(key)
    if (known !== undefined && known.endsAt > now()) {
      known.count++
      return known.count > most ? Math.ceil((known.endsAt - now()) / 1_000) : 0
    }
    // Deleted before it is set: the map stays in the order in which windows began, the oldest first.
    windows.delete(key)
    if (windows.size >= mostAccounts) {
      const oldest = windows.keys().next()
      if (!oldest.done) windows.delete(oldest.value)
    }
    windows.set(key, { count: 1, endsAt: now() + windowMs })
    return 0
  }
}
