import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { z } from 'zod'

const attributes = z.array(
  z.object({
    key: z.string(),
    value: z
      .object({ stringValue: z.string(), intValue: z.coerce.number(), boolValue: z.boolean() })
      .partial(),
  }),
)
const spans = z.array(
  z.object({
    traceId: z.string(),
    spanId: z.string(),
    parentSpanId: z.string().optional(),
    name: z.string(),
    startTimeUnixNano: z.coerce.bigint(),
    endTimeUnixNano: z.coerce.bigint(),
    attributes: attributes.default([]),
    status: z.object({ code: z.number().optional() }).default({}),
  }),
)
const exported = z.object({
  resourceSpans: z.array(
    z.object({ resource: z.object({ attributes }), scopeSpans: z.array(z.object({ spans })) }),
  ),
})

/** What takes traces by OTLP over HTTP, in JSON, and keeps them. */
export async function startCollector(t: Test) {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    if (request.url === '/v1/traces') bodies.push(await text(request))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    /** All that was sent, as it was sent. */
    text: () => bodies.join('\n'),
    spans: () =>
      bodies
        .flatMap(body => exported.parse(JSON.parse(body)).resourceSpans)
        .flatMap(({ resource, scopeSpans }) =>
          scopeSpans.flatMap(scope =>
            scope.spans.map(({ attributes, startTimeUnixNano, endTimeUnixNano, ...span }) => ({
              ...span,
              service: readAttributes(resource.attributes)['service.name'],
              attributes: readAttributes(attributes),
              ms: Number(endTimeUnixNano - startTimeUnixNano) / 1e6,
              begin: startTimeUnixNano,
              end: endTimeUnixNano,
            })),
          ),
        ),
  }
}

function readAttributes(list: z.output<typeof attributes>) {
  return Object.fromEntries(
    list.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.boolValue]),
  )
}
