import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { pageInput, pageOf, parsePage, toConnection } from '../../platform/pagination.js'
import type { ModelService } from './model-service.js'
import { modelBody, modelWithNetwork } from './model-view.js'
import { readZipBody, takeZips, zipTypes } from './zip-body.js'

const tags = ['Models']

const oneModel = z.object({ id: z.string().min(1).max(100) })
const importQuery = z.strictObject({ title: z.string().trim().min(1).max(100).describe('For people.') })

/** GraphQL in, service out. */
export function modelResolvers(service: ModelService) {
  return {
    Query: {
      async models(_root, args, { actor }) {
        const { page, totalCount } = await service.listModels(actor, parsePage(args))
        return toConnection(page, model => model.id, totalCount)
      },
      model: async (_root, { id }, { actor }) => (await service.findModel(actor, id)) ?? null,
    },
    Mutation: {
      async deleteModel(_root, { id }, { actor }) {
        await service.deleteModel(actor, id)
        return id
      },
    },
    ImportedModel: {
      network: (model, _args, { actor }) => service.summarizeModel(actor, model.id),
    },
  } satisfies Resolvers
}

/** REST in, service out. */
export function modelRoutes(service: ModelService) {
  return (rest: RestInstance) => {
    takeZips(rest)

    rest.post(
      '/models',
      {
        schema: {
          summary: 'Import a trained model to begin runs with',
          operationId: 'importModel',
          description:
            'A zip of a TensorFlow.js LayersModel: a model.json at its top or in a folder, and its weights, ' +
            'float32, beside it. It is checked before it is answered.',
          tags,
          security: forUsers,
          consumes: zipTypes,
          querystring: importQuery,
          response: { 201: modelWithNetwork },
        },
      },
      async (request, reply) => {
        const { body, length } = readZipBody(request)
        const model = await service.importModel(request.actor, request.query, body, length)
        return reply.code(201).header('location', `/api/v1/models/${model.id}`).send(model)
      },
    )

    rest.get(
      '/models',
      {
        schema: {
          summary: 'Your imported models, the newest first',
          operationId: 'listModels',
          tags,
          security: forUsers,
          querystring: pageInput,
          response: { 200: pageOf(modelBody) },
        },
      },
      async ({ actor, query }) => {
        const { items, pageInfo } = (await service.listModels(actor, query)).page
        return { items: [...items], pageInfo }
      },
    )

    rest.get(
      '/models/:id',
      {
        schema: {
          summary: 'An imported model, with its network layer by layer',
          operationId: 'getModel',
          tags,
          security: forUsers,
          params: oneModel,
          response: { 200: modelWithNetwork },
        },
      },
      ({ actor, params }) => service.getModel(actor, params.id),
    )

    rest.delete(
      '/models/:id',
      {
        schema: {
          summary: 'Delete an imported model',
          operationId: 'deleteModel',
          description: 'Unless runs that have not ended begin with it.',
          tags,
          security: forUsers,
          params: oneModel,
          response: { 204: z.void() },
        },
      },
      async ({ actor, params }, reply) => {
        await service.deleteModel(actor, params.id)
        return reply.code(204).send()
      },
    )
  }
}
