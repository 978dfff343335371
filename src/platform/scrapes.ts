import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { describeListenError } from './listen-error.js'
import type { Logger } from './logger.js'

export interface ScrapeListener {
  readonly port: number
  close(): Promise<void>
}

/**
 * Answers `GET /metrics` on a listener of its own: it asks nobody who he is, and is not for the public.
 *
 * @param setting the name of the one that says the port
 * @throws Error with one line that says what to do, where it can't be listened there
 */
export async function listenForScrapes(
  registry: Registry,
  { host, port, setting }: { host: string; port: number; setting: string },
  logger: Logger,
): Promise<ScrapeListener> {
  const server = createServer(({ method, url }, response) => {
    if (url?.split('?')[0] !== '/metrics') return answer(response, 404, 'Ask for /metrics.\n')
    if (method !== 'GET') return answer(response, 405, 'Only GET.\n')
    registry.metrics().then(
      text => answer(response, 200, text, registry.contentType),
      err => {
        logger.error({ err }, 'The metrics could not be put together')
        answer(response, 500, 'The metrics could not be put together: see the log.\n')
      },
    )
  })
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw describeListenError(error, { host, port }, { host: 'LYCEUM_METRICS_HOST', port: setting })
  }
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8') {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(text)
}
