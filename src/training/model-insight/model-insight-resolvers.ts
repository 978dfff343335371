import type { Resolvers } from '../../generated/graphql.js'
import { parsePage, toConnection } from '../../platform/pagination.js'
import { parseInput } from '../../platform/parse.js'
import { testImageFilter } from './model-insight-schemas.js'
import type { ModelInsightService } from './model-insight-service.js'

/** GraphQL in, service out. */
export function modelInsightResolvers(service: ModelInsightService) {
  return {
    TrainingRun: {
      classificationReport: async (run, _args, { actor }) =>
        (await service.findClassificationReport(actor, run.id)) ?? null,
      async testImages(run, args, { actor }) {
        const filter = parseInput(testImageFilter, args)
        const found = await service.findTestImages(actor, run.id, filter, parsePage(args))
        return found ? toConnection(found.page, ({ key }) => key, found.totalCount) : null
      },
    },
  } satisfies Resolvers
}
