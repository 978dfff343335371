import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { imageTypes, mostImageBytes, takeImages } from './image-body.js'
import { prediction, predictionInput, runId } from './run-schemas.js'
import type { RunService } from './run-service.js'

/** `POST /runs/{id}/predictions`: an image as JSON, or a PNG or JPEG file as it is. */
export function predictionRoute(service: RunService) {
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
          tags: ['Training'],
          security: forUsers,
          consumes: imageTypes,
          params: z.object({ id: runId }),
          querystring: z.object({
            invert: z.stringbool().optional().describe('Of an image file: swap light and dark first.'),
          }),
          body: predictionInput,
          response: { 200: prediction },
        },
      },
      ({ actor, params, query, body: { image } }) =>
        service.predict(actor, params.id, { ...image, invert: query.invert ?? image.invert }),
    )
  }
}
