import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { SignedInActor } from '../../identity/contract.js'
import type { Notifications } from '../../platform/notifications.js'

const longestTimer = 2 ** 31 - 1

type Reply = Pick<FastifyReply, 'raw' | 'type' | 'header' | 'send'>

/** What answers requests by streams of server-sent events, which end when the server closes. */
export function openStreamReplies(app: FastifyInstance) {
  const { notifications } = app.deps
  const closing = new AbortController()
  // A stream would otherwise keep the server from closing.
  app.addHook('preClose', async () => closing.abort())

  return (user: SignedInActor, reply: Reply) => {
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    return {
      /** Aborted when nobody reads any more. */
      signal: AbortSignal.any([gone.signal, closing.signal]),
      /** @param messages in the wire format */
      send(messages: AsyncIterable<string>) {
        reply.raw.once('close', endWithToken(user, notifications, gone))
        reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no')
        return reply
          .type('text/event-stream; charset=utf-8')
          .send(Readable.from(messages, { objectMode: false }))
      },
    }
  }
}

/** An open stream ends when its token expires or is revoked. Returns the function that stops looking. */
function endWithToken(user: SignedInActor, notifications: Notifications, gone: AbortController) {
  const left = user.tokenExpiresAt.getTime() - Date.now()
  const timer = setTimeout(() => gone.abort(), Math.min(Math.max(left, 0), longestTimer))
  const off = notifications.on('token_revoked', tokenId => {
    if (tokenId === user.tokenId) gone.abort()
  })
  // What was revoked while nobody listened is not known: the client connects again and is asked who it is.
  const offReconnected = notifications.onReconnected(() => gone.abort())
  return () => {
    clearTimeout(timer)
    off()
    offReconnected()
  }
}
