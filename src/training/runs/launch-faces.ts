import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { GraphqlContext } from '../../identity/contract.js'
import { notFound } from '../../platform/errors.js'
import { batchPerRequest } from '../../platform/graphql/batch-loader.js'
import type { RestInstance } from '../../platform/http.js'
import { forAnyone } from '../../platform/openapi-route.js'
import type { LaunchRules } from './launch-rules.js'
import { launchBody } from './launch-view.js'
import { labId } from './run-schemas.js'

/** GraphQL in, service out. */
export function launchResolvers(rules: LaunchRules) {
  const launches = batchPerRequest(({ actor }: GraphqlContext, labIds) => rules.findLaunches(actor, labIds))
  return {
    Lab: {
      async launch({ id }, _args, context) {
        const launch = await launches(context, id)
        if (launch === undefined) throw notFound('lab')
        return launch
      },
    },
  } satisfies Resolvers
}

/** REST in, service out. */
export function launchRoutes(rules: LaunchRules) {
  return (rest: RestInstance) => {
    rest.get(
      '/labs/:id/launch',
      {
        schema: {
          tags: ['Training'],
          security: forAnyone,
          summary: 'Whether you may launch a run of a lab, and what is left of your budget',
          operationId: 'getLabLaunch',
          params: z.object({ id: labId }),
          response: { 200: launchBody },
        },
      },
      async ({ actor, params }) => {
        const [launch] = await rules.findLaunches(actor, [params.id])
        if (launch === undefined) throw notFound('lab')
        return launch
      },
    )
  }
}
