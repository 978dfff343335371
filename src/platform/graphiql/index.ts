import { join } from 'node:path'
import statics from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { pagePolicy } from '../http.js'
import { packageRoot } from '../package-root.js'

/** GraphiQL at `/graphiql`, from what the build bundled of `browser/`: it needs no internet. */
export const graphiql = fp(
  async (app: FastifyInstance) => {
    if (!app.deps.config.graphiql) return
    await app.register(async scope => {
      scope.addHook('onRequest', async (_request, reply) => {
        reply.header('content-security-policy', pagePolicy)
      })
      await scope.register(statics, {
        root: join(packageRoot, 'dist', 'graphiql'),
        prefix: '/graphiql',
        decorateReply: false,
        index: 'index.html',
        redirect: true,
        // A build changes the files under the same names.
        cacheControl: false,
      })
    })
  },
  { name: 'graphiql', dependencies: ['http'] },
)
