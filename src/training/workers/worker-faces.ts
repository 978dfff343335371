import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { Actor } from '../../identity/contract.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { type WorkerView, workerBody } from './worker-list.js'

type ListWorkers = (actor: Actor) => Promise<WorkerView[]>

/** GraphQL in, service out. */
export function workerResolvers(listWorkers: ListWorkers) {
  return {
    Query: { workers: (_root, _args, { actor }) => listWorkers(actor) },
  } satisfies Resolvers
}

/** REST in, service out. */
export function workerRoutes(listWorkers: ListWorkers) {
  return (rest: RestInstance) => {
    rest.get(
      '/workers',
      {
        schema: {
          summary: 'The training workers that live, the oldest first',
          operationId: 'listWorkers',
          description: 'With the engines that each tried when it started. For admins.',
          tags: ['Training'],
          security: forUsers,
          response: { 200: z.object({ items: z.array(workerBody) }) },
        },
      },
      async request => ({ items: await listWorkers(request.actor) }),
    )
  }
}
