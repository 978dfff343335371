// The subscribers, in a process of their own: each has a connection of its own, as a page in a browser has, and notes
// how long every event was on its way. An event carries the time of its report as its loss.
import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

const connectAtOnce = 50
const patienceMs = 10_000
const subscription =
  'subscription ($id: ID!, $after: Int) { runEvents(runId: $id, after: $after) { number data } }'
const transports = { sse: listenToServerSentEvents, ws: listenToSocket }

let subscribers = []
let usage
let begin

process.on('message', async message => {
  if (message.kind === 'watch') await watch(message)
  else await report(message)
})
process.on('disconnect', () => process.exit(0))
process.send({ kind: 'ready' })

/** @param ids the run that each subscriber watches, from its event `after` on */
async function watch({ ids, transport, url, token, after }) {
  subscribers = []
  const waiting = [...ids]
  await Promise.all(
    Array.from({ length: connectAtOnce }, async () => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const subscriber = { last: after, delays: [], lost: 0, doubled: 0, close() {} }
        subscribers.push(subscriber)
        await transports[transport](subscriber, { url, id, token, after })
      }
    }),
  )
  usage = process.cpuUsage()
  begin = performance.now()
  process.send({ kind: 'watching' })
}

/** Waits for what is still on its way, then says what came. */
async function report({ last }) {
  const { user, system } = process.cpuUsage(usage)
  const busy = (user + system) / 1000 / (performance.now() - begin)
  const deadline = performance.now() + patienceMs
  while (subscribers.some(subscriber => subscriber.last < last) && performance.now() < deadline) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  for (const subscriber of subscribers) {
    subscriber.close()
    subscriber.lost += last - subscriber.last
  }
  const delays = subscribers.flatMap(({ delays }) => delays).sort((a, b) => a - b)
  const sum = field => subscribers.reduce((total, subscriber) => total + subscriber[field], 0)
  process.send({
    p50: delays[Math.floor(delays.length * 0.5)],
    p99: delays[Math.floor(delays.length * 0.99)],
    most: delays.at(-1),
    events: delays.length,
    lost: sum('lost'),
    doubled: sum('doubled'),
    busy,
  })
}

function hear(subscriber, number, loss) {
  if (number <= subscriber.last) {
    subscriber.doubled++
    return
  }
  subscriber.lost += number - subscriber.last - 1
  subscriber.last = number
  subscriber.delays.push(Date.now() - loss)
}

function listenToServerSentEvents(subscriber, { url, id, token }) {
  return new Promise((resolve, reject) => {
    const asked = request(url.replace('{id}', id), {
      agent: new Agent(),
      headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    })
    subscriber.close = () => asked.destroy()
    asked.on('error', error => error.code !== 'ECONNRESET' && reject(error))
    asked.on('response', response => {
      if (response.statusCode !== 200) reject(new Error(`${url} answers ${response.statusCode}`))
      let rest = ''
      response.setEncoding('utf8').on('data', chunk => {
        resolve()
        const messages = (rest + chunk).split('\n\n')
        rest = messages.pop()
        for (const message of messages) {
          const data = /^data: (.+)$/m.exec(message)?.[1]
          if (data === undefined) continue
          const { number, event } = JSON.parse(data).data?.runEvents ?? JSON.parse(data)
          hear(subscriber, number, event.loss)
        }
      })
    })
    asked.end()
  })
}

async function listenToSocket(subscriber, { url, id, token, after }) {
  const client = createClient({
    url,
    lazy: false,
    retryAttempts: 0,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  })
  subscriber.close = () => client.dispose()
  await new Promise(resolve => client.on('connected', resolve))
  client.subscribe(
    { query: subscription, variables: { id, after } },
    {
      next: ({ data }) => hear(subscriber, data.runEvents.number, data.runEvents.data.loss),
      error: error => {
        throw error
      },
      complete() {},
    },
  )
}
