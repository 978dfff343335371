import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Location } from 'graphql'
import mercurius from 'mercurius'
import { defineError, unsupportedMediaType } from '../errors.js'
import { formatErrors, statusOf } from './errors.js'
import { limitNodes } from './node-limit.js'
import { limitRules, maxTokens } from './rules.js'
import { buildSchema } from './schema.js'
import { type SocketOptions, serveSocket } from './socket.js'
import { watchOperations } from './watch-operations.js'

interface Options {
  /** What resolvers get besides the request: who is asking. */
  context(request: FastifyRequest): Record<string, unknown>
  /** The same for a socket, from the credentials that it was opened with. */
  connect: SocketOptions['connect']
}

const notGraphql = defineError('BAD_DOCUMENT', 400, () => "Send the text of a GraphQL document as 'query'.")

const resultType = 'application/graphql-response+json'

/** `/graphql`, over HTTP and over a socket, from the parts that the domains added: registered last. */
export const graphql = fp<Options>(
  async (app: FastifyInstance, { context, connect }) => {
    const schema = buildSchema(app.schemaParts)
    const introspection = app.deps.config.graphiql
    serveSocket(app, { schema, introspection, connect })

    // A scope of its own: these hooks are for GraphQL requests alone.
    await app.register(async scope => {
      scope.addHook('preValidation', async ({ body, method, headers }) => {
        if (method !== 'POST') return
        // A form of another site cannot send JSON, and so not act with a user's cookie.
        if (!headers['content-type']?.toLowerCase().startsWith('application/json')) {
          throw unsupportedMediaType(['application/json'])
        }
        if (typeof body !== 'object' || body === null) return
        // The specification allows a null where the field may be left out; mercurius' own schema does not.
        if ('extensions' in body && body.extensions === null) delete body.extensions
      })
      scope.addHook('onSend', async (request, reply, payload) => {
        if (request.headers.accept?.includes(resultType)) reply.type(`${resultType}; charset=utf-8`)
        // Encoded once: a string would be read twice, for its length and for its bytes.
        return typeof payload === 'string' ? Buffer.from(payload) : payload
      })
      await scope.register(mercurius, {
        schema,
        jit: 1,
        graphiql: false,
        allowBatchedQueries: false,
        graphql: { parseOptions: { maxTokens } },
        validationRules: limitRules({ introspection }),
        context,
        errorFormatter(execution, { reply }) {
          const errors = execution.errors ?? []
          const request = reply?.request
          const audience = {
            log: request?.log ?? app.log,
            requestId: request?.id ?? '',
            suggestions: introspection,
          }
          const ran = execution.data !== undefined
          return {
            statusCode: ran ? 200 : statusOf(errors),
            // Per GraphQL over HTTP, data is there only where the operation ran.
            response: {
              ...(ran ? { data: execution.data } : {}),
              errors: formatErrors(errors, audience),
            },
          }
        },
      })
      // What does not parse as GraphQL mercurius takes for a syntax tree in JSON, past the limit of tokens.
      scope.graphql.addHook('preValidation', async (_schema, document) => {
        if (!(document?.loc instanceof Location)) throw notGraphql()
      })
      const checkNodes = limitNodes(schema)
      // Not a rule: documents are kept and validated once, and how long a page is may stand in a variable.
      scope.graphql.addHook('preExecution', async (_schema, document, _context, variables) => {
        checkNodes(document, variables)
      })
      watchOperations(app, scope)
    })
  },
  { name: 'graphql', dependencies: ['schema-parts', 'http', 'metrics'] },
)
