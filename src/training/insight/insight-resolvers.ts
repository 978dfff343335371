import type { Resolvers } from '../../generated/graphql.js'
import { parsePage, toConnection } from '../../platform/pagination.js'
import { parseInput } from '../../platform/parse.js'
import type { InsightService } from './insight-service.js'
import { searchArgs } from './run-filter.js'

/** GraphQL in, service out. */
export function insightResolvers(service: InsightService) {
  return {
    Query: {
      async searchRuns(_root, args, { actor }) {
        const asked = parseInput(searchArgs, args)
        const { page, keyOf, totalCount } = await service.search(actor, asked, parsePage(args))
        return toConnection(page, keyOf, totalCount)
      },
    },
  } satisfies Resolvers
}
