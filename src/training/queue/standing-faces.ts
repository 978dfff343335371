import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { requireRunReader } from '../policy.js'
import { untilLeft } from '../runs/run-feed.js'
import { runId } from '../runs/run-schemas.js'
import { serverSentEvents } from '../runs/server-sent-events.js'
import { openStreamReplies } from '../runs/stream-reply.js'
import { type Standing, standingBody } from './standing.js'
import type { StandingService } from './standing-service.js'

/** GraphQL in, service out. */
export function standingResolvers(service: StandingService) {
  return {
    Subscription: {
      runQueueStanding: {
        async subscribe(_root, { runId }, { actor }) {
          const left = new AbortController()
          const standings = await service.watchStanding(actor, runId, left.signal)
          return untilLeft(published(standings), left)
        },
      },
    },
    TrainingRun: { queueStanding: (run, _args, { actor }) => service.findStanding(actor, run.id) },
  } satisfies Resolvers
}

async function* published(standings: AsyncGenerator<Standing, void, undefined>) {
  for await (const runQueueStanding of standings) yield { runQueueStanding }
}

const common = { tags: ['Training'], security: forUsers, params: z.object({ id: runId }) }

/** REST in, service out. */
export function standingRoutes(app: FastifyInstance, service: StandingService) {
  const openStream = openStreamReplies(app)

  return (rest: RestInstance) => {
    rest.get(
      '/runs/:id/queue',
      {
        schema: {
          ...common,
          summary: 'Where a run stands in its queue',
          operationId: 'getRunQueueStanding',
          description:
            'Its place, when it is taken to begin, and what it waits for; null where it is not queued.',
          response: { 200: z.object({ standing: standingBody.nullable() }) },
        },
      },
      async ({ actor, params }) => ({ standing: await service.findStanding(actor, params.id) }),
    )

    rest.get(
      '/runs/:id/queue/events',
      {
        schema: {
          ...common,
          summary: 'Where a run stands in its queue, as server-sent events',
          operationId: 'watchRunQueueStanding',
          description:
            "An event 'standing' now and whenever it changes; the stream ends when the run is queued no more. A " +
            'reconnection is told where the run stands then.',
          produces: ['text/event-stream'],
        },
      },
      async (request, reply) => {
        const user = requireRunReader(request.actor)
        const stream = openStream(user, reply)
        const standings = await service.watchStanding(user, request.params.id, stream.signal)
        return stream.send(serverSentEvents(standings, toMessage))
      },
    )
  }
}

function toMessage(standing: Standing): string {
  return `event: standing\ndata: ${JSON.stringify(standing)}\n\n`
}
