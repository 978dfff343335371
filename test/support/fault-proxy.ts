import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Test } from 'tap'

/** Answers a request in the server's place, or passes it on by giving undefined. */
export type Fault = (request: IncomingMessage) => ((response: ServerResponse) => void) | undefined

/**
 * Stands before an HTTP server and passes everything on, its signed headers as they are, but for what fails.
 *
 * @returns its address
 */
export async function startFaultProxy(t: Test, target: string, fault: Fault): Promise<string> {
  const server = createServer((incoming, response) => {
    const answer = fault(incoming)
    if (answer) {
      incoming.resume()
      answer(response)
      return
    }
    const { method, headers, url } = incoming
    const onward = request(new URL(url ?? '/', target), { method, headers }, answered => {
      response.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(response)
    })
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port')
  return `http://127.0.0.1:${address.port}`
}
