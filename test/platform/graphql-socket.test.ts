import { once } from 'node:events'
import { createClient } from 'graphql-ws'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { startGraphql } from '../support/graphql-server.js'

t.test('GraphQL subscriptions', async t => {
  const server = await startGraphql(t, { LYCEUM_CORS_ORIGINS: 'https://lyceum.example' })
  const url = server.url.replace('http', 'ws')
  const open = (headers: Record<string, string> = {}) =>
    new WebSocket(url, 'graphql-transport-ws', { headers })
  const connect = (t: Test, authorization?: string, headers: Record<string, string> = {}) => {
    const client = createClient({
      url,
      retryAttempts: 0,
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocol: string) {
          super(address, protocol, { headers })
        }
      },
      connectionParams: authorization === undefined ? {} : { authorization },
    })
    t.teardown(() => client.dispose())
    return client
  }
  const first = async (t: Test, query: string, authorization?: string, headers?: Record<string, string>) => {
    for await (const result of connect(t, authorization, headers).iterate({ query })) return result
    return undefined
  }

  t.test('know who is asking by the payload or by the cookie', async t => {
    const query = 'subscription { whoami }'
    t.strictSame(await first(t, query, 'Bearer right'), { data: { whoami: 'ada' } })
    t.strictSame(await first(t, query, undefined, { cookie: 'a=b' }), { data: { whoami: 'a=b' } })
    t.strictSame(await first(t, query), { data: { whoami: 'anonymous' } })
  })

  t.test('are closed with 4403 for a wrong token', async t => {
    await t.rejects(first(t, 'subscription { whoami }', 'Bearer wrong'), { code: 4403 })
  })

  t.test('end when their token is revoked, and so does what ran for them', async t => {
    const before = server.ended()
    const running = (async () => {
      for await (const _ of connect(t, 'Bearer right').iterate({ query: 'subscription { forever }' })) {
        await server.deps.database.$executeRaw`SELECT pg_notify('token_revoked', 'token-1')`
      }
    })()
    await t.rejects(running, { code: 4403 })
    while (server.ended() === before) await new Promise(resolve => setTimeout(resolve, 5))
  })

  t.test('end when their token expires', async t => {
    const running = (async () => {
      for await (const _ of connect(t, 'Bearer short').iterate({ query: 'subscription { forever }' })) {
        // Until the server ends it.
      }
    })()
    await t.rejects(running, { code: 4403 })
  })

  t.test('refuse a page of another origin, and take one that is listed', async t => {
    const [foreign] = await once(open({ origin: 'https://evil.example' }), 'error')
    t.match(foreign.message, /403/)
    const listed = open({ origin: 'https://lyceum.example' })
    await once(listed, 'open')
    listed.close()
  })

  t.test("are checked as queries are, and show a domain's error with its code", async t => {
    const client = connect(t)
    const refusal = (query: string) =>
      new Promise(resolve => {
        client.subscribe({ query }, { next: resolve, error: resolve, complete: () => resolve(undefined) })
      })
    t.match(await refusal('subscription { refused }'), { errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    t.match(await refusal('{ hello }'), [{ extensions: { code: 'NOT_A_SUBSCRIPTION' } }])
    t.match(await refusal('subscription { nothing }'), [{ extensions: { code: 'BAD_REQUEST' } }])
    const aliases = Array.from({ length: 31 }, (_, index) => `a${index}: __typename`).join(' ')
    t.match(await refusal(`subscription { whoami } fragment F on Query { ${aliases} }`), [{}])
    t.match(await refusal('subscription { failing }'), { errors: [{ extensions: { code: 'INTERNAL' } }] })
  })

  t.test('are at most twenty on a socket', async t => {
    const client = connect(t)
    const refused = await new Promise(resolve => {
      for (let n = 0; n < 21; n++) {
        client.subscribe(
          { query: 'subscription { forever }' },
          { next: () => {}, error: resolve, complete: () => {} },
        )
      }
    })
    t.match(refused, [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }])
  })
})
