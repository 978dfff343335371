import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify from 'fastify'
import { auditServer } from 'graphql-http'
import { createClient } from 'graphql-ws'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { notFound, unauthenticated } from '../../src/platform/errors.js'
import { graphql } from '../../src/platform/graphql/index.js'
import { schemaParts } from '../../src/platform/graphql/schema-parts.js'
import { http } from '../../src/platform/http.js'
import { problems } from '../../src/platform/problem.js'
import { openTestDependencies } from '../support/app.js'

const sdl = `
  extend type Query { hello: String! missing: String broken: String strict: String! now: DateTime! tree: Tree! size(of: Size!): Int }
  type Tree { tree: Tree! leaf: String! }
  enum Size { SMALL LARGE }
  extend type Mutation { count: Int! }
  extend type Subscription { whoami: String! forever: Int! refused: Int! failing: Int! }`

/** A server of the platform alone, with a small schema. Its tokens: `right`, and `short`, which soon expires. */
async function startGraphql(t: Test, env: Record<string, string> = {}) {
  const { deps } = await openTestDependencies(t, env)
  let counted = 0
  let ended = 0
  const file = join(t.testdir(), 'part.graphql')
  writeFileSync(file, sdl)
  const app = Fastify()
  app.decorate('deps', deps)
  await app.register(problems)
  await app.register(schemaParts)
  await app.register(http)
  const tree = () => ({ leaf: 'x' })
  app.schemaParts.add({
    sdl: pathToFileURL(file),
    resolvers: {
      Query: {
        hello: () => 'world',
        missing: () => {
          throw notFound('lesson')
        },
        strict: () => {
          throw notFound('lesson')
        },
        broken: () => {
          throw new Error('the password is 12345')
        },
        now: () => new Date(0),
        tree,
      },
      Tree: { tree },
      Mutation: { count: () => ++counted },
      Subscription: {
        whoami: {
          async *subscribe(_root: unknown, _args: unknown, context: { who: string }) {
            yield { whoami: context.who }
          },
        },
        forever: {
          async *subscribe() {
            try {
              for (let n = 0; ; n++) {
                yield { forever: n }
                await new Promise(resolve => setTimeout(resolve, 5))
              }
            } finally {
              ended++
            }
          },
        },
        refused: {
          subscribe() {
            throw notFound('run')
          },
        },
        failing: {
          async *subscribe() {
            yield { failing: 1 }
          },
          resolve() {
            throw new Error('the password is 12345')
          },
        },
      },
    },
  })
  await app.register(graphql, {
    context: () => ({ who: 'somebody' }),
    async connect({ authorization, headers }) {
      if (authorization === undefined) return { context: { who: headers.cookie ?? 'anonymous' } }
      if (authorization === 'Bearer right') {
        const expiresAt = new Date(Date.now() + 60_000)
        return { context: { who: 'ada' }, token: { id: 'token-1', expiresAt } }
      }
      if (authorization === 'Bearer short') {
        const expiresAt = new Date(Date.now() + 100)
        return { context: { who: 'ada' }, token: { id: 'token-2', expiresAt } }
      }
      throw unauthenticated()
    },
  })
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return {
    app,
    deps,
    url: `${address}/graphql`,
    counted: () => counted,
    ended: () => ended,
    ask: (query: string) => app.inject({ method: 'POST', url: '/graphql', payload: { query } }),
  }
}

t.test('GraphQL over HTTP', async t => {
  const { app, ask, counted, url } = await startGraphql(t)

  t.test('passes the audit of graphql-http without an error', async t => {
    const results = await auditServer({ url })
    t.strictSame(
      results.flatMap(result => (result.status === 'error' ? [result.name] : [])),
      [],
    )
    t.ok(results.length > 50, 'the audit ran')
  })

  t.test('answers a query, its scalars as standards write them', async t => {
    t.strictSame((await ask('{ hello now }')).json().data, {
      hello: 'world',
      now: '1970-01-01T00:00:00.000Z',
    })
  })

  t.test('refuses a document with several operations, whichever was asked for', async t => {
    const response = await app.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query: 'query A { hello } mutation B { count }', operationName: 'A' },
    })
    t.equal(response.statusCode, 400)
    t.match(response.json(), { errors: [{ extensions: { code: 'SEVERAL_OPERATIONS' } }] })
    t.equal(counted(), 0)
  })

  t.test('refuses a mutation over GET, once and again', async t => {
    for (let time = 0; time < 3; time++) {
      const response = await app.inject(`/graphql?query=${encodeURIComponent('mutation { count }')}`)
      t.equal(response.statusCode, 405)
    }
    t.equal(counted(), 0)
  })

  t.test('refuses what a form of another site can send', async t => {
    const query = JSON.stringify({ query: 'mutation { count }' })
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const response = await app.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'content-type': type },
        payload: query,
      })
      t.equal(response.statusCode, 415, type)
    }
    t.equal(counted(), 0)
  })

  t.test('refuses a batch', async t => {
    const payload = [{ query: '{ hello }' }, { query: '{ hello }' }]
    t.equal((await app.inject({ method: 'POST', url: '/graphql', payload })).statusCode, 400)
  })

  t.test('refuses a syntax tree in the place of a text, and what is no document', async t => {
    const { parse } = await import('graphql')
    for (const query of [JSON.stringify(parse('{ hello }')), 'null', '123', '{}', '']) {
      t.equal((await ask(query)).statusCode, 400, query.slice(0, 20))
    }
  })

  t.test("shows a domain's error with its code, the answer being one that ran", async t => {
    const response = await ask('{ missing }')
    t.equal(response.statusCode, 200)
    t.match(response.json(), {
      data: { missing: null },
      errors: [{ path: ['missing'], extensions: { code: 'NOT_FOUND' } }],
    })
    t.match((await ask('{ strict }')).json(), { data: null, errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  })

  t.test('hides what an unknown error says, compiled or not', async t => {
    for (let time = 0; time < 3; time++) {
      const response = await ask('{ broken }')
      t.notMatch(response.body, /12345/)
      t.match(response.json().errors[0].extensions, { code: 'INTERNAL', requestId: /./ })
    }
  })

  t.test('bounds aliases, directives, depth and tokens', async t => {
    const many = (count: number, text: (n: number) => string) =>
      Array.from({ length: count }, (_, index) => text(index)).join(' ')
    const deep = (depth: number) => `${'{ tree '.repeat(depth)}{ leaf }${' }'.repeat(depth)}`
    t.equal((await ask(deep(11))).statusCode, 200)
    for (const query of [
      `{ ${many(31, n => `a${n}: __typename`)} }`,
      `{ hello ${many(11, () => '@include(if: true)')} }`,
      deep(12),
      `{ ${many(2001, () => 'hello')} }`,
    ]) {
      t.equal((await ask(query)).statusCode, 400, query.slice(0, 30))
    }
  })

  t.test('suggests names in development', async t => {
    t.match((await ask('{ helo }')).body, /Did you mean/)
  })
})

t.test('GraphQL in production', async t => {
  const { ask } = await startGraphql(t, { LYCEUM_GRAPHIQL: 'false' })

  t.test('tells neither the schema nor names that are close', async t => {
    t.equal((await ask('{ __schema { types { name } } }')).statusCode, 400)
    const responses = await Promise.all([ask('{ helo }'), ask('{ size(of: SMAL) }')])
    for (const response of responses) {
      t.equal(response.statusCode, 400)
      t.notMatch(response.body, /Did you mean|hello|SMALL/)
    }
  })
})

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
