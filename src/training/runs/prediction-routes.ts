import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { mostPredictedImages } from './child-protocol.js'
import { imageOf, imageQuery, imageTypes, mostImageBytes, takeImages } from './image-body.js'
import type { PredictionService } from './prediction-service.js'
import { batchedPrediction, prediction, predictionBatchInput, predictionInput, runId } from './run-schemas.js'

const common = { tags: ['Training'], security: forUsers, params: z.object({ id: runId }) }

/** An image as JSON, or a PNG or JPEG file as it is; and several images as JSON. */
export function predictionRoutes(service: PredictionService) {
  return (rest: RestInstance) => {
    takeImages(rest)

    rest.post(
      '/runs/:id/predictions',
      {
        bodyLimit: mostImageBytes,
        schema: {
          summary: 'Recognise an image with the model of a run',
          operationId: 'predict',
          description: 'Light strokes on a dark ground; dark ink on white paper with `invert`.',
          ...common,
          consumes: imageTypes,
          querystring: imageQuery,
          body: predictionInput,
          response: { 200: prediction },
        },
      },
      request => service.predict(request.actor, request.params.id, imageOf(request)),
    )

    rest.post(
      '/runs/:id/predictions/batch',
      {
        bodyLimit: mostImageBytes,
        schema: {
          summary: 'Recognise several images with the model of a run',
          operationId: 'predictBatch',
          description: `At most ${mostPredictedImages}. One that cannot be recognised says so in its place; the others are.`,
          ...common,
          body: predictionBatchInput,
          response: { 200: z.object({ items: z.array(batchedPrediction) }) },
        },
      },
      async ({ actor, params, body: { images } }) => ({
        items: await service.predictBatch(actor, params.id, images),
      }),
    )
  }
}
