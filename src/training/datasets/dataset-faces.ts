import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { RestInstance } from '../../platform/http.js'
import { forAnyone, forUsers } from '../../platform/openapi-route.js'
import { pageInput, pageOf, parsePage, toConnection } from '../../platform/pagination.js'
import { sendPng } from '../../platform/send-png.js'
import { readZipBody, takeZips, zipTypes } from '../models/zip-body.js'
import { datasetLimits } from './dataset-limits.js'
import type { DatasetService } from './dataset-service.js'
import { datasetBody } from './dataset-view.js'

const tags = ['Datasets']
const { min, max } = datasetLimits.side

const oneDataset = z.object({ id: z.string().min(1).max(100) })
const uploadQuery = z.strictObject({
  title: z.string().trim().min(1).max(100).describe('For people.'),
  size: z.coerce
    .number()
    .int()
    .min(min)
    .max(max)
    .optional()
    .describe('The side in pixels that images are brought to; by default height and width of most of them.'),
})

/** GraphQL in, service out. */
export function datasetResolvers(service: DatasetService) {
  return {
    Query: {
      async datasets(_root, args, { actor }) {
        const { page, totalCount } = await service.listDatasets(actor, parsePage(args))
        return toConnection(page, dataset => dataset.id, totalCount)
      },
      dataset: async (_root, { id }, { actor }) => (await service.findDataset(actor, id)) ?? null,
    },
    Mutation: {
      async deleteDataset(_root, { id }, { actor }) {
        await service.deleteDataset(actor, id)
        return id
      },
    },
  } satisfies Resolvers
}

/** REST in, service out. */
export function datasetRoutes(service: DatasetService) {
  return (rest: RestInstance) => {
    takeZips(rest)

    rest.post(
      '/datasets',
      {
        schema: {
          summary: 'Upload a dataset',
          operationId: 'uploadDataset',
          description:
            'A zip of class folders of PNG and JPEG images, or of IDX files. It is answered once it is stored; ' +
            'a worker then decodes it, and its state becomes READY, or REFUSED with the reason.',
          tags,
          security: forUsers,
          consumes: zipTypes,
          querystring: uploadQuery,
          response: { 202: datasetBody },
        },
      },
      async (request, reply) => {
        const { body, length } = readZipBody(request)
        const dataset = await service.upload(request.actor, request.query, body, length)
        return reply.code(202).header('location', `/api/v1/datasets/${dataset.id}`).send(dataset)
      },
    )

    rest.get(
      '/datasets',
      {
        schema: {
          summary: 'The datasets that come with Lyceum, then your own, the newest first',
          operationId: 'listDatasets',
          tags,
          security: forAnyone,
          querystring: pageInput,
          response: { 200: pageOf(datasetBody) },
        },
      },
      async ({ actor, query }) => {
        const { items, pageInfo } = (await service.listDatasets(actor, query)).page
        return { items: [...items], pageInfo }
      },
    )

    rest.get(
      '/datasets/:id',
      {
        schema: {
          summary: 'A dataset, with the images of each class',
          operationId: 'getDataset',
          tags,
          security: forAnyone,
          params: oneDataset,
          response: { 200: datasetBody },
        },
      },
      ({ actor, params }) => service.getDataset(actor, params.id),
    )

    rest.get(
      '/datasets/:id/preview.png',
      {
        schema: {
          summary: 'Some images of each class of an uploaded dataset: a row a class, 50 at most',
          operationId: 'getDatasetPreview',
          tags,
          security: forUsers,
          params: oneDataset,
          produces: ['image/png'],
        },
      },
      async (request, reply) =>
        sendPng(request, reply, await service.readPreview(request.actor, request.params.id)),
    )

    rest.delete(
      '/datasets/:id',
      {
        schema: {
          summary: 'Delete an uploaded dataset with its images',
          operationId: 'deleteDataset',
          description: 'Unless runs that have not ended train on it.',
          tags,
          security: forUsers,
          params: oneDataset,
          response: { 204: z.void() },
        },
      },
      async ({ actor, params }, reply) => {
        await service.deleteDataset(actor, params.id)
        return reply.code(204).send()
      },
    )
  }
}
