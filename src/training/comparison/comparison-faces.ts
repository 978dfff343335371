import type { Resolvers } from '../../generated/graphql.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { parseInput } from '../../platform/parse.js'
import { comparison, comparisonInput } from './comparison-schemas.js'
import type { ComparisonService } from './comparison-service.js'

/** GraphQL in, service out. */
export function comparisonResolvers(service: ComparisonService) {
  return {
    Query: {
      compareRuns: (_root, args, { actor }) => service.compareRuns(actor, parseInput(comparisonInput, args)),
    },
  } satisfies Resolvers
}

/** REST in, service out. */
export function comparisonRoutes(service: ComparisonService) {
  return (rest: RestInstance) => {
    rest.post(
      '/runs/compare',
      {
        schema: {
          summary: 'Compare runs side by side',
          operationId: 'compareRuns',
          description:
            'From 2 to 8 runs that you may see: where their specs differ, their figures, their curves on one axis of ' +
            'steps and one of epochs, and their confusion matrices less that of the first. It changes nothing.',
          tags: ['Training'],
          security: forUsers,
          body: comparisonInput,
          response: { 200: comparison },
        },
      },
      ({ actor, body }) => service.compareRuns(actor, body),
    )
  }
}
