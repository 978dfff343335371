import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

/** What a stream of a run's events gives, on both faces. */
export interface SeenEvent {
  readonly number: number
  readonly type: string
  readonly data: Record<string, unknown>
}

const runEvents = `subscription ($id: ID!, $after: Int) {
  runEvents(runId: $id, after: $after) { number type data }
}`

/** A run's events over the graphql-transport-ws protocol, until the server ends them. */
export async function* subscribeToRun(address: string, token: string, id: string, after = 0) {
  const client = createClient({
    url: `${address.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${token}` },
  })
  try {
    const results = client.iterate<{ runEvents: SeenEvent }>({
      query: runEvents,
      variables: { id, after },
    })
    for await (const { data, errors } of results) {
      if (!data) throw new Error(JSON.stringify(errors))
      yield data.runEvents
    }
  } finally {
    await client.dispose()
  }
}

/** A run's events as server-sent events (WHATWG HTML, section 9.2), until the server ends them. */
export async function* streamRun(address: string, token: string, id: string): AsyncGenerator<SeenEvent> {
  const response = await fetch(`${address}/api/v1/runs/${id}/events`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
  })
  if (response.status !== 200 || response.body === null) throw new Error(await response.text())
  let rest = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const messages = (rest + chunk).split('\n\n')
    rest = messages.pop() ?? ''
    for (const message of messages) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1]
      const data = field('data')
      if (data === undefined) continue
      yield { number: Number(field('id')), type: field('event') ?? '', data: JSON.parse(data).event }
    }
  }
}
