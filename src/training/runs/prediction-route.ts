import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { prediction, predictionInput, runId } from './run-schemas.js'
import type { RunService } from './run-service.js'

/** `POST /runs/{id}/predictions`: an image as JSON, or a PNG file as it is. */
export function predictionRoute(service: RunService) {
  return (rest: RestInstance) => {
    // What is said in JSON about a PNG, so that one schema holds for both.
    rest.addContentTypeParser<Buffer>('image/png', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, { image: { format: 'png', data: body.toString('base64') } }),
    )

    rest.post(
      '/runs/:id/predictions',
      {
        // A PNG of 4 MiB in base64, or 512 x 512 numbers.
        bodyLimit: 6 * 1024 * 1024,
        schema: {
          summary: 'Recognise an image with the model of a run',
          operationId: 'predict',
          description: 'Light strokes on a dark ground; dark ink on white paper with `invert`.',
          tags: ['Training'],
          security: forUsers,
          consumes: ['application/json', 'image/png'],
          params: z.object({ id: runId }),
          querystring: z.object({
            invert: z.stringbool().optional().describe('Of a PNG: swap light and dark first.'),
          }),
          body: predictionInput,
          response: { 200: prediction },
        },
      },
      ({ actor, params, query, body: { image } }) =>
        service.predict(actor, params.id, { image: { ...image, invert: query.invert ?? image.invert } }),
    )
  }
}
