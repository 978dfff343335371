import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { GraphqlContext } from '../../identity/contract.js'
import { batchPerRequest } from '../../platform/graphql/batch-loader.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { pageInput, pageOf, parsePage, toConnection } from '../../platform/pagination.js'
import { labId } from '../runs/run-schemas.js'
import { type LeaderboardService, leaderboardEntry, pageRanking } from './leaderboard-service.js'

/** GraphQL in, service out. */
export function leaderboardResolvers(service: LeaderboardService) {
  // Under however many aliases a lab's is asked for, its runs are gone through once.
  const rankings = batchPerRequest(({ actor }: GraphqlContext, labIds) =>
    Promise.all(labIds.map(id => service.findRanking(actor, id))),
  )
  return {
    Lab: {
      async leaderboard(lab, args, context) {
        if (context.actor.kind === 'anonymous') return null
        const ranking = await rankings(context, lab.id)
        if (ranking === undefined) return null
        const { page, totalCount, own } = await pageRanking(ranking, parsePage(args))
        return { ...toConnection(page, ({ key }) => key, totalCount), own }
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
