import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { sendPng } from '../../platform/send-png.js'
import { imageOf, imageQuery, imageTypes, mostImageBytes, takeImages } from '../runs/image-body.js'
import { predictionInput, runId } from '../runs/run-schemas.js'
import type { ModelDrawingService } from './model-drawing-service.js'
import { featureMapsQuery, imageLayer, layerQuery } from './model-insight-schemas.js'

const common = { tags: ['Training'], security: forUsers, params: z.object({ id: runId }) }
const stretched = 'side by side, row by row, each stretched to its own extremes.'

/** REST in, service out. */
export function modelDrawingRoutes(service: ModelDrawingService) {
  return (rest: RestInstance) => {
    takeImages(rest)

    rest.get(
      '/runs/:id/layers',
      {
        schema: {
          ...common,
          summary: 'The layers of a trained model that an image can be seen in',
          operationId: 'listImageLayers',
          description: 'Those whose output is an image, in the order in which they are computed.',
          response: { 200: z.object({ items: z.array(imageLayer) }) },
        },
      },
      async ({ actor, params }) => ({ items: await service.listLayers(actor, params.id) }),
    )

    rest.get(
      '/runs/:id/filters',
      {
        schema: {
          ...common,
          summary: 'The kernels of the first convolution of a trained model',
          operationId: 'drawFilters',
          description: `As a PNG: ${stretched}`,
          produces: ['image/png'],
        },
      },
      async (request, reply) =>
        sendPng(request, reply, await service.drawFilters(request.actor, request.params.id)),
    )

    rest.get(
      '/runs/:id/feature-maps',
      {
        schema: {
          ...common,
          summary: 'What a layer of a trained model makes of a test image',
          operationId: 'drawFeatureMapsOfTest',
          description: `As a PNG: its channels ${stretched}`,
          querystring: featureMapsQuery,
          produces: ['image/png'],
        },
      },
      async (request, reply) => {
        const { actor, params, query } = request
        const { testImage, layer } = query
        const { png } = await service.drawFeatureMapsOfTest(actor, params.id, testImage, layer)
        return sendPng(request, reply, png)
      },
    )

    rest.post(
      '/runs/:id/feature-maps',
      {
        bodyLimit: mostImageBytes,
        schema: {
          ...common,
          summary: 'What a layer of a trained model makes of an image that is sent',
          operationId: 'drawFeatureMaps',
          description:
            `As a PNG: its channels ${stretched} Light strokes on a dark ground are expected; dark ink on white ` +
            'paper with `invert`.',
          consumes: imageTypes,
          querystring: imageQuery.extend(layerQuery.shape),
          body: predictionInput,
          produces: ['image/png'],
        },
      },
      async (request, reply) => {
        const { actor, params, query } = request
        const { png } = await service.drawFeatureMaps(actor, params.id, imageOf(request), query.layer)
        return reply.type('image/png').header('cache-control', 'no-store').send(png)
      },
    )
  }
}
