import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { pagePolicy } from './http.js'

/** The REST face described: `/api/v1/openapi.json` for programs, `/api/docs` for people. */
export const openapi = fp(
  async (app: FastifyInstance) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Lyceum',
          version: '1',
          description:
            'The REST face of Lyceum. Errors are problem+json (RFC 9457) with a stable `code`; ' +
            'lists are paged with `first` and `after`.',
          license: { name: 'MIT', identifier: 'MIT' },
        },
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', description: 'A token, for scripts.' },
            cookie: {
              type: 'apiKey',
              in: 'cookie',
              name: 'lyceum_session',
              description: 'The session of a browser that signed in.',
            },
          },
        },
      },
      // Only the REST routes have zod schemas: the others are none of this document's.
      transform: route =>
        route.url.startsWith('/api/v1')
          ? jsonSchemaTransform(route)
          : { schema: { ...route.schema, hide: true }, url: route.url },
    })
    await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: pagePolicy })
    app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  },
  { name: 'openapi', dependencies: ['http'] },
)
