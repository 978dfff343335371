import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { type GraphQLSchema, validate } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import { defineError, LyceumError } from '../errors.js'
import { asGraphqlError, formatErrors } from './errors.js'
import { socketRules } from './rules.js'
import { TokenWatch } from './token-watch.js'

/** What a socket was opened with: the header of its `connection_init`, else the headers of its upgrade. */
export interface SocketCredentials {
  readonly authorization: string | undefined
  readonly headers: IncomingHttpHeaders
}

export interface SocketIdentity {
  /** What resolvers get: who is asking. */
  readonly context: Record<string, unknown>
  /** Ends the socket when it ends; undefined where nobody is signed in. */
  readonly token?: { readonly id: string; readonly expiresAt: Date } | undefined
}

export interface SocketOptions {
  schema: GraphQLSchema
  introspection: boolean
  /** @throws LyceumError where the credentials are not valid (any more) */
  connect(credentials: SocketCredentials): Promise<SocketIdentity>
}

const path = '/graphql'
const subscriptionsPerSocket = 20
const messageBytes = 64 * 1024
const tooManySubscriptions = defineError(
  'TOO_MANY_SUBSCRIPTIONS',
  429,
  () => `A socket carries at most ${subscriptionsPerSocket} subscriptions.`,
)
const initPayload = z.object({ authorization: z.string().max(4096).optional() }).nullish()

/**
 * Subscriptions over the graphql-transport-ws protocol. By graphql-ws, its reference implementation: mercurius'
 * own socket runs documents without validating them.
 */
export function serveSocket(app: FastifyInstance, { schema, introspection, connect }: SocketOptions): void {
  const { corsOrigins } = app.deps.config
  const tokens = new TokenWatch(app.deps.notifications)
  const rules = socketRules({ introspection })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytes })
  const identities = new WeakMap<WebSocket, SocketIdentity>()
  const requestIds = new WeakMap<WebSocket, string>()
  let opened = 0

  const server = useServer(
    {
      schema,
      connectionInitWaitTimeout: 5_000,
      validate: (schema, document) => validate(schema, document, rules),
      async onConnect({ connectionParams, extra: { socket, request } }) {
        const payload = initPayload.safeParse(connectionParams)
        if (!payload.success) return false
        const credentials = { authorization: payload.data?.authorization, headers: request.headers }
        try {
          identities.set(socket, await tokens.admit(socket, () => connect(credentials)))
          return true
        } catch (error) {
          // Closes with 4403: Forbidden.
          if (error instanceof LyceumError) return false
          app.log.error({ err: error }, 'A socket could not be opened')
          throw error
        }
      },
      onSubscribe({ subscriptions }) {
        // The new one is counted already.
        if (Object.keys(subscriptions).length <= subscriptionsPerSocket) return
        return [asGraphqlError(tooManySubscriptions())]
      },
      context: ({ extra }) => ({ ...identities.get(extra.socket)?.context }),
      onNext({ extra }, _id, _payload, _args, result) {
        const { data, errors } = result
        if (errors === undefined) return
        const shown = { errors: formatErrors(errors, audience(extra.socket)) }
        return data === undefined ? shown : { data, ...shown }
      },
      onError: ({ extra }, _id, _payload, errors) => formatErrors(errors, audience(extra.socket)),
      // The text of an unknown error is for the log alone.
      isProd: true,
    },
    sockets,
  )

  function audience(socket: WebSocket) {
    const requestId = requestIds.get(socket) ?? ''
    return { log: app.log, requestId, suggestions: introspection }
  }

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer) {
    if (request.url?.split('?')[0] !== path) return refuse(stream, '404 Not Found')
    if (!isAllowedOrigin(request.headers, corsOrigins)) return refuse(stream, '403 Forbidden')
    sockets.handleUpgrade(request, stream, head, socket => {
      requestIds.set(socket, `socket-${++opened}`)
      sockets.emit('connection', socket, request)
    })
  }

  app.server.on('upgrade', upgrade)
  app.addHook('preClose', async () => {
    app.server.off('upgrade', upgrade)
    tokens.close()
    await server.dispose()
  })
}

/**
 * Browsers send the cookie of a user to whoever opens a socket, and name the page that does: it must be of our
 * own origin or of one that the configuration lists. What is no browser sends no Origin.
 */
function isAllowedOrigin({ origin, host }: IncomingHttpHeaders, corsOrigins: readonly string[]): boolean {
  if (origin === undefined || corsOrigins.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

function refuse(stream: Duplex, status: string) {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
