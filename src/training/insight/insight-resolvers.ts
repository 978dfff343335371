import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import { renderMarkdown } from '../../platform/markdown.js'
import { parsePage, toConnection } from '../../platform/pagination.js'
import { parseInput } from '../../platform/parse.js'
import { rerunInput, runId } from '../runs/run-schemas.js'
import type { RunService } from '../runs/run-service.js'
import type { InsightService } from './insight-service.js'
import { searchArgs } from './run-filter.js'
import { runRecord } from './run-record.js'

const rerunArgs = z.object({ input: rerunInput.extend({ runId }) })
const oneRun = z.object({ runId })

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
      updateRun(_root, { input: { runId: id, ...change } }, { actor }) {
        const { runId } = parseInput(oneRun, { runId: id }, 'input')
        return service.updateRun(actor, runId, parseInput(runRecord, change, 'input'))
      },
    },
    TrainingRun: {
      notes: ({ notes }) => (notes === null ? null : renderMarkdown(notes)),
    },
  } satisfies Resolvers
}
