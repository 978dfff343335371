import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { SignedInActor } from '../../identity/contract.js'
import type { RestInstance } from '../../platform/http.js'
import type { Notifications } from '../../platform/notifications.js'
import { forUsers } from '../../platform/openapi-route.js'
import { requireRunReader } from '../policy.js'
import { eventNumber, runId } from './run-schemas.js'
import type { RunService } from './run-service.js'
import { eventMessage, serverSentEvents } from './server-sent-events.js'

const longestTimer = 2 ** 31 - 1

/**
 * `GET /runs/{id}/events`: a run's events as server-sent events (WHATWG HTML, section 9.2), the number of each
 * as its id, so that a browser that was cut off goes on where it was.
 */
export function eventStreamRoute(app: FastifyInstance, service: RunService) {
  const { notifications } = app.deps
  const closing = new AbortController()
  // A stream would otherwise keep the server from closing.
  app.addHook('preClose', async () => closing.abort())

  return (rest: RestInstance) => {
    rest.get(
      '/runs/:id/events',
      {
        schema: {
          summary: "A run's events as server-sent events",
          operationId: 'watchRun',
          description:
            'First those that are stored, then each as it comes; the stream ends with the run. A reconnection ' +
            'goes on after the Last-Event-ID (or `after`), and is answered 204 where nothing more can come.',
          tags: ['Training'],
          security: forUsers,
          produces: ['text/event-stream'],
          params: z.object({ id: runId }),
          querystring: z.object({ after: eventNumber.default(0) }),
          headers: z.object({ 'last-event-id': eventNumber.optional() }),
        },
      },
      async (request, reply) => {
        const user = requireRunReader(request.actor)
        const gone = new AbortController()
        reply.raw.once('close', () => gone.abort())
        const signal = AbortSignal.any([gone.signal, closing.signal])
        const after = request.headers['last-event-id'] ?? request.query.after
        const { ended, events } = await service.watchRun(user, request.params.id, after, signal)
        // The one answer after which an EventSource does not connect again.
        if (ended) return reply.code(204).send()
        const forget = endWithToken(user, notifications, gone)
        reply.raw.once('close', forget)
        return reply
          .type('text/event-stream; charset=utf-8')
          .header('cache-control', 'no-store')
          .header('x-accel-buffering', 'no')
          .send(Readable.from(serverSentEvents(events, eventMessage), { objectMode: false }))
      },
    )
  }
}

/** An open stream ends when its token expires or is revoked. Returns the function that stops looking. */
export function endWithToken(user: SignedInActor, notifications: Notifications, gone: AbortController) {
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
