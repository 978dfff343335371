import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { parseInput } from '../../platform/parse.js'
import { type QuotaService, quotaBody, quotaChange } from './quota-service.js'

/** GraphQL in, service out. */
export function quotaResolvers(service: QuotaService) {
  return {
    Query: {
      myRunQuota: (_root, _args, { actor }) => service.mine(actor),
      runQuota: (_root, { subject, id }, { actor }) => service.get(actor, { subject, subjectId: id }),
    },
    Mutation: {
      setRunQuota: (_root, { subject, id, quota }, { actor }) =>
        service.change(actor, { subject, subjectId: id }, parseInput(quotaChange, quota, 'quota')),
    },
  } satisfies Resolvers
}

const common = { tags: ['Training'], security: forUsers }
const subject = z.object({ id: z.string().min(1).max(200) })

/** REST in, service out. */
export function quotaRoutes(service: QuotaService) {
  return (rest: RestInstance) => {
    rest.get(
      '/account/run-quota',
      {
        schema: {
          ...common,
          summary: 'What your own runs may take',
          operationId: 'getMyRunQuota',
          response: { 200: quotaBody },
        },
      },
      ({ actor }) => service.mine(actor),
    )

    for (const [path, name, kind] of [
      ['/run-quotas/users/:id', 'User', 'USER'],
      ['/run-quotas/courses/:id', 'Course', 'COURSE'],
    ] as const) {
      rest.get(
        path,
        {
          schema: {
            ...common,
            summary: `What the runs of a ${name.toLowerCase()} may take`,
            operationId: `get${name}RunQuota`,
            description: 'For admins.',
            params: subject,
            response: { 200: quotaBody },
          },
        },
        ({ actor, params }) => service.get(actor, { subject: kind, subjectId: params.id }),
      )

      rest.patch(
        path,
        {
          schema: {
            ...common,
            summary: `Change what the runs of a ${name.toLowerCase()} may take`,
            operationId: `set${name}RunQuota`,
            description: 'What is left out stays; null gives the say back to the configuration. For admins.',
            params: subject,
            body: quotaChange,
            response: { 200: quotaBody },
          },
        },
        ({ actor, params, body }) => service.change(actor, { subject: kind, subjectId: params.id }, body),
      )
    }
  }
}
