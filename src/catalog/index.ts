import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { restScope } from '../platform/http.js'
import { registerAssets } from './assets.js'
import { type CatalogService, createCatalogService } from './catalog-service.js'
import { catalogResolvers } from './resolvers.js'
import { registerCatalogRoutes } from './routes.js'

declare module 'fastify' {
  interface FastifyInstance {
    readonly catalog: CatalogService
  }
}

/** Courses, lessons and their parts: `app.catalog`, its share of the schema, its routes and the figures. */
export const catalog = fp(
  async (app: FastifyInstance) => {
    const service = createCatalogService(app.deps.database, app.deps.notifications)
    app.decorate('catalog', service)
    app.addHook('onClose', async () => service.close())
    app.schemaParts.add({
      sdl: new URL('./catalog.graphql', import.meta.url),
      resolvers: catalogResolvers(service),
    })
    registerAssets(app)
    await restScope(app, rest => registerCatalogRoutes(rest, service))
  },
  { name: 'catalog', dependencies: ['schema-parts', 'identity'] },
)
