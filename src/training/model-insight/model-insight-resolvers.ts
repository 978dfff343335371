import type { Resolvers } from '../../generated/graphql.js'
import type { ModelInsightService } from './model-insight-service.js'

/** GraphQL in, service out. */
export function modelInsightResolvers(service: ModelInsightService) {
  return {
    TrainingRun: {
      classificationReport: async (run, _args, { actor }) =>
        (await service.findClassificationReport(actor, run.id)) ?? null,
    },
  } satisfies Resolvers
}
