import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { pageOf } from '../../platform/pagination.js'
import { sendPng } from '../../platform/send-png.js'
import { runId } from '../runs/run-schemas.js'
import {
  classificationReport,
  oneTestImage,
  samplePredictions,
  sampleQuery,
  testImage,
  testImageQuery,
} from './model-insight-schemas.js'
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

    rest.get(
      '/runs/:id/test-images',
      {
        schema: {
          ...common,
          summary: 'The test images behind the confusion matrix, with what the model said of them',
          operationId: 'listTestImages',
          description:
            'Those that the model was surest of first: of a cell with both classes, of a row or column with one.',
          params: oneRun,
          querystring: testImageQuery,
          response: { 200: pageOf(testImage) },
        },
      },
      async ({ actor, params, query }) => {
        const { page } = await service.listTestImages(actor, params.id, query, query)
        return { items: [...page.items], pageInfo: page.pageInfo }
      },
    )

    rest.get(
      '/runs/:id/sample-predictions',
      {
        schema: {
          ...common,
          summary:
            'Test images that show what a model is good at, what misleads it and what it cannot decide',
          operationId: 'listSamplePredictions',
          params: oneRun,
          querystring: sampleQuery,
          response: { 200: samplePredictions },
        },
      },
      ({ actor, params, query }) => service.listSamplePredictions(actor, params.id, query.count),
    )

    rest.get(
      '/runs/:id/test-images/:index/image.png',
      {
        schema: {
          ...common,
          summary: 'A test image as the model saw it',
          operationId: 'getTestImage',
          params: oneTestImage,
          produces: ['image/png'],
        },
      },
      async (request, reply) => {
        const { actor, params } = request
        return sendPng(request, reply, await service.drawTestImage(actor, params.id, params.index))
      },
    )
  }
}
