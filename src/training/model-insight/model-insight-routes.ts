import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { runId } from '../runs/run-schemas.js'
import { classificationReport } from './model-insight-schemas.js'
import type { ModelInsightService } from './model-insight-service.js'

const common = { tags: ['Training'], security: forUsers }
const oneRun = z.object({ id: runId })

/** REST in, service out. */
export function modelInsightRoutes(service: ModelInsightService) {
  return (rest: RestInstance) => {
    rest.get(
      '/runs/:id/classification-report',
      {
        schema: {
          ...common,
          summary: 'Precision, recall and F1 of each class, with their averages',
          operationId: 'getClassificationReport',
          description:
            "On the test images, as scikit-learn's classification_report has them; what would be a division by " +
            'zero is 0.',
          params: oneRun,
          response: { 200: classificationReport },
        },
      },
      ({ actor, params }) => service.getClassificationReport(actor, params.id),
    )
  }
}
