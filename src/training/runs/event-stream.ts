import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { requireRunReader } from '../policy.js'
import { eventNumber, runId } from './run-schemas.js'
import type { RunService } from './run-service.js'
import { eventMessage, serverSentEvents } from './server-sent-events.js'
import { openStreamReplies } from './stream-reply.js'

/**
 * `GET /runs/{id}/events`: a run's events as server-sent events (WHATWG HTML, section 9.2), the number of each
 * as its id, so that a browser that was cut off goes on where it was.
 */
export function eventStreamRoute(app: FastifyInstance, service: RunService) {
  const openStream = openStreamReplies(app)

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
        const stream = openStream(user, reply)
        const after = request.headers['last-event-id'] ?? request.query.after
        const { ended, events } = await service.watchRun(user, request.params.id, after, stream.signal)
        // The one answer after which an EventSource does not connect again.
        if (ended) return reply.code(204).send()
        return stream.send(serverSentEvents(events, eventMessage))
      },
    )
  }
}
