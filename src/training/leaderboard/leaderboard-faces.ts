import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { pageInput, pageOf, parsePage, toConnection } from '../../platform/pagination.js'
import { labId } from '../runs/run-schemas.js'
import { type LeaderboardService, leaderboardEntry } from './leaderboard-service.js'

/** GraphQL in, service out. */
export function leaderboardResolvers(service: LeaderboardService) {
  return {
    Lab: {
      async leaderboard(lab, args, { actor }) {
        if (actor.kind === 'anonymous') return null
        const found = await service.findLeaderboard(actor, lab.id, parsePage(args))
        return found
          ? { ...toConnection(found.page, ({ key }) => key, found.totalCount), own: found.own }
          : null
      },
    },
  } satisfies Resolvers
}

/** REST in, service out. */
export function leaderboardRoutes(service: LeaderboardService) {
  return (rest: RestInstance) => {
    rest.get(
      '/labs/:id/leaderboard',
      {
        schema: {
          summary: 'The best run of each user of a lab',
          operationId: 'getLeaderboard',
          description:
            'By test accuracy, ties by fewer parameters, then by less time; 1,000 places at most. Only runs that ' +
            "succeeded on the lab's own images count. For who is signed in and may read the lesson, where the course " +
            'has switched leaderboards on.',
          tags: ['Training'],
          security: forUsers,
          params: z.object({ id: labId }),
          querystring: pageInput,
          response: {
            200: pageOf(leaderboardEntry).extend({
              own: leaderboardEntry.nullable().describe('Your own, on whatever page it is.'),
            }),
          },
        },
      },
      async ({ actor, params, query }) => {
        const { page, own } = await service.getLeaderboard(actor, params.id, query)
        return { items: [...page.items], pageInfo: page.pageInfo, own }
      },
    )
  }
}
