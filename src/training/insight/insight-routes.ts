import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { pageOf } from '../../platform/pagination.js'
import { runBody } from '../runs/run-schemas.js'
import type { InsightService } from './insight-service.js'
import { searchBody } from './run-filter.js'

const tags = ['Training']
const security = forUsers

/** REST in, service out. */
export function insightRoutes(service: InsightService) {
  return (rest: RestInstance) => {
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
