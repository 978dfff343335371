import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

const everyMs = 100

/**
 * Closes all connections of a server that closes, as soon as it has answered what was asked. Node closes those that are
 * idle when it begins. One that answers by then, a stream of events above all, would be kept alive for as long as its
 * client likes; and so would one that was opened and never asked anything, as browsers open them ahead.
 */
export function closeConnections(app: FastifyInstance): void {
  let answering = 0
  app.server.on('request', (_, response: ServerResponse) => {
    answering++
    response.once('close', () => answering--)
  })
  app.addHook('preClose', async () => {
    if (!app.server.listening) return
    const timer = setInterval(() => {
      if (answering === 0) app.server.closeAllConnections()
    }, everyMs)
    app.server.once('close', () => clearInterval(timer))
  })
}
