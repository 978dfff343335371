import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { workerBody } from '../workers/worker-list.js'
import { queueBody } from './queue-control.js'
import type { QueueService } from './queue-service.js'

/** GraphQL in, service out. */
export function queueResolvers(service: QueueService) {
  return {
    Query: { trainingQueues: (_root, _args, { actor }) => service.listQueues(actor) },
    Mutation: {
      pauseQueues: (_root, _args, { actor }) => service.pause(actor),
      resumeQueues: (_root, _args, { actor }) => service.resume(actor),
      drainWorker: (_root, { id, drain }, { actor }) => service.drain(actor, id, drain),
    },
  } satisfies Resolvers
}

const common = { tags: ['Training'], security: forUsers }
const queues = z.object({ items: z.array(queueBody) })
const oneWorker = z.object({ id: z.string().min(1).max(200) })

/** REST in, service out. */
export function queueRoutes(service: QueueService) {
  return (rest: RestInstance) => {
    rest.get(
      '/queues',
      {
        schema: {
          ...common,
          summary: 'The queues of runs, one for each class of machine',
          operationId: 'listQueues',
          description: 'For admins.',
          response: { 200: queues },
        },
      },
      async ({ actor }) => ({ items: await service.listQueues(actor) }),
    )

    rest.post(
      '/queues/pause',
      {
        schema: {
          ...common,
          summary: 'Let no run be taken from any queue',
          operationId: 'pauseQueues',
          description: 'Runs that train go on. It lasts until the queues are resumed. For admins.',
          response: { 200: queues },
        },
      },
      async ({ actor }) => ({ items: await service.pause(actor) }),
    )

    rest.post(
      '/queues/resume',
      {
        schema: {
          ...common,
          summary: 'Let workers take runs again',
          operationId: 'resumeQueues',
          description: 'For admins.',
          response: { 200: queues },
        },
      },
      async ({ actor }) => ({ items: await service.resume(actor) }),
    )

    for (const [act, drain, summary] of [
      ['drain', true, 'Let a worker finish what it has and take no new runs'],
      ['undrain', false, 'Let a drained worker take runs again'],
    ] as const) {
      rest.post(
        `/workers/:id/${act}`,
        {
          schema: {
            ...common,
            summary,
            operationId: `${act}Worker`,
            description: 'For admins.',
            params: oneWorker,
            response: { 200: workerBody },
          },
        },
        ({ actor, params }) => service.drain(actor, params.id, drain),
      )
    }
  }
}
