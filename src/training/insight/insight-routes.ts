import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { pageOf } from '../../platform/pagination.js'
import { launchHeaders, withKeyOf } from '../runs/launch-key.js'
import { rerunInput, runBody, runId } from '../runs/run-schemas.js'
import type { RunService } from '../runs/run-service.js'
import type { InsightService } from './insight-service.js'
import { searchBody } from './run-filter.js'
import { runRecord } from './run-record.js'

const tags = ['Training']
const security = forUsers
const oneRun = z.object({ id: runId })

/** REST in, service out. */
export function insightRoutes(service: InsightService, runs: RunService) {
  return (rest: RestInstance) => {
    rest.post(
      '/runs/:id/rerun',
      {
        schema: {
          summary: 'Run once more what a run did',
          operationId: 'rerun',
          description:
            'The same spec with the same seed, in the same lab, but for what is asked otherwise. Send an ' +
            'Idempotency-Key, so that a repeat after a lost answer launches nothing.',
          tags,
          security,
          params: oneRun,
          headers: launchHeaders,
          body: rerunInput,
          response: { 201: runBody },
        },
      },
      async (request, reply) => {
        const run = await runs.rerun(request.actor, request.params.id, withKeyOf(request))
        return reply.code(201).header('location', `/api/v1/runs/${run.id}`).send(run)
      },
    )

    rest.patch(
      '/runs/:id',
      {
        schema: {
          summary: 'Rename a run, or set its tags and notes',
          operationId: 'updateRun',
          description: 'What is left out stays. For its owner and admins. Notes are Markdown.',
          tags,
          security,
          params: oneRun,
          body: runRecord,
          response: { 200: runBody },
        },
      },
      ({ actor, params, body }) => service.updateRun(actor, params.id, body),
    )

    rest.post(
      '/runs/search',
      {
        schema: {
          summary: 'Search the runs that you may see',
          operationId: 'searchRuns',
          description:
            'By any part of the spec, figures, status, lab, course, owner, tags, text and time. It changes nothing: ' +
            'a POST, so that the filter can be said in JSON.',
          tags,
          security,
          body: searchBody,
          response: { 200: pageOf(runBody) },
        },
      },
      async ({ actor, body: { filter, sort, ...page } }) => {
        const { items, pageInfo } = (await service.search(actor, { filter, sort }, page)).page
        return { items: [...items], pageInfo }
      },
    )
  }
}
