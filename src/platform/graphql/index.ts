import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import mercurius from 'mercurius'
import { formatErrors } from './errors.js'
import { queryDepth, rules } from './rules.js'
import { scalars } from './scalars.js'

interface Options {
  /** What resolvers get besides the request: who is asking. */
  context(request: FastifyRequest): Record<string, unknown>
}

const base = readFileSync(new URL('./base.graphql', import.meta.url), 'utf8')

/** `/graphql`, from the parts that the domains added: registered last. */
export const graphql = fp<Options>(
  async (app: FastifyInstance, { context }) => {
    // The specification allows a null where the field may be left out; mercurius' own schema does not.
    app.addHook('preValidation', async request => {
      const { body } = request
      if (request.routeOptions.url !== '/graphql' || typeof body !== 'object' || body === null) return
      if ('extensions' in body && body.extensions === null) delete body.extensions
    })
    await app.register(mercurius, {
      schema: `${base}\n${app.schemaParts.sdl}`,
      resolvers: { ...scalars, ...app.schemaParts.resolvers },
      jit: 1,
      graphiql: false,
      queryDepth,
      validationRules: rules,
      context: request => context(request),
      subscription: { context: (_socket, request) => context(request) },
      errorFormatter(execution, current) {
        const request = current.reply?.request
        const response = formatErrors(execution, request?.log ?? app.log, request?.id ?? '')
        return { statusCode: execution.data === undefined || execution.data === null ? 400 : 200, response }
      },
    })
  },
  { name: 'graphql', dependencies: ['schema-parts'] },
)
