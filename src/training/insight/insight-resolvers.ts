import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import { parsePage, toConnection } from '../../platform/pagination.js'
import { parseInput } from '../../platform/parse.js'
import { rerunInput, runId } from '../runs/run-schemas.js'
import type { RunService } from '../runs/run-service.js'
import type { InsightService } from './insight-service.js'
import { searchArgs } from './run-filter.js'

const rerunArgs = z.object({ input: rerunInput.extend({ runId }) })

/** GraphQL in, service out. */
export function insightResolvers(service: InsightService, runs: RunService) {
  return {
    Query: {
      async searchRuns(_root, args, { actor }) {
        const asked = parseInput(searchArgs, args)
        const { page, keyOf, totalCount } = await service.search(actor, asked, parsePage(args))
        return toConnection(page, keyOf, totalCount)
      },
    },
    Mutation: {
      rerun(_root, args, { actor }) {
        const { runId, ...input } = parseInput(rerunArgs, args).input
        return runs.rerun(actor, runId, input)
      },
    },
  } satisfies Resolvers
}
