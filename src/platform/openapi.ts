import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { pagePolicy } from './http.js'
import { describeBody, describeRoute } from './openapi-route.js'

interface Options {
  /** What the routes are grouped under. */
  readonly tags: ReadonlyArray<{ readonly name: string; readonly description: string }>
}

/** The REST face described: `/api/v1/openapi.json` for programs, `/api/docs` for people. */
export const openapi = fp<Options>(
  async (app: FastifyInstance, { tags }) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Lyceum',
          version: '1',
          description:
            'The REST face of Lyceum. Errors are problem+json (RFC 9457) with a stable `code`; ' +
            'lists are paged with `first` and `after`, or `last` and `before`.',
          license: { name: 'MIT', identifier: 'MIT' },
        },
        servers: [{ url: '/' }],
        tags: [...tags],
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', description: 'A token, for scripts.' },
            cookie: {
              type: 'apiKey',
              in: 'cookie',
              name: 'lyceum_session',
              description: 'The session of a browser that signed in.',
            },
            csrf: {
              type: 'apiKey',
              in: 'header',
              name: 'x-csrf-token',
              description: "The session's CSRF token, for a cookie's request that may change something.",
            },
          },
        },
      },
      // Only the REST routes have zod schemas: the others are none of this document's.
      transform: ({ url, schema, route, ...rest }) =>
        url.startsWith('/api/v1')
          ? describeBody(
              jsonSchemaTransform({ url, schema: describeRoute(schema, url, route.method), route, ...rest }),
            )
          : { schema: { ...schema, hide: true }, url },
      transformObject: jsonSchemaTransformObject,
    })
    await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: pagePolicy })
    app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  },
  { name: 'openapi', dependencies: ['http'] },
)
