import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify from 'fastify'
import { auditServer } from 'graphql-http'
import t from 'tap'
import { notFound } from '../../src/platform/errors.js'
import { graphql } from '../../src/platform/graphql/index.js'
import { schemaParts } from '../../src/platform/graphql/schema-parts.js'

t.test('the GraphQL face', async t => {
  const sdl = join(t.testdir(), 'part.graphql')
  writeFileSync(
    sdl,
    `extend type Query { hello: String! missing: String broken: String now: DateTime! }
     extend type Mutation { count: Int! }
     extend type Subscription { never: String! }`,
  )
  let counted = 0
  const app = Fastify()
  await app.register(schemaParts)
  app.schemaParts.add({
    sdl: pathToFileURL(sdl),
    resolvers: {
      Query: {
        hello: () => 'world',
        missing: () => {
          throw notFound('lesson')
        },
        broken: () => {
          throw new Error('the password is 12345')
        },
        now: () => new Date(0),
      },
      Mutation: { count: () => ++counted },
      Subscription: { never: { subscribe: async function* () {} } },
    },
  })
  await app.register(graphql, { context: () => ({}) })
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`
  t.teardown(() => app.close())
  const ask = (query: string) => app.inject({ method: 'POST', url: '/graphql', payload: { query } })

  t.test('passes the audit of GraphQL over HTTP without an error', async t => {
    const results = await auditServer({ url })
    const errors = results.filter(result => result.status === 'error')
    t.strictSame(
      errors.map(error => error.name),
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
    t.equal(counted, 0)
  })

  t.test('refuses a mutation over GET', async t => {
    const response = await app.inject(`/graphql?query=${encodeURIComponent('mutation { count }')}`)
    t.ok(response.statusCode >= 400)
    t.equal(counted, 0)
  })

  t.test("shows a domain's error with its code", async t => {
    t.match((await ask('{ missing }')).json(), {
      data: { missing: null },
      errors: [{ path: ['missing'], extensions: { code: 'NOT_FOUND' } }],
    })
  })

  t.test('hides what an unknown error says', async t => {
    const response = await ask('{ broken }')
    t.notMatch(response.body, /12345/)
    t.equal(response.json().errors[0].extensions.code, 'INTERNAL')
  })

  t.test('bounds aliases', async t => {
    const aliases = Array.from({ length: 31 }, (_, index) => `a${index}: __typename`).join(' ')
    t.equal((await ask(`{ ${aliases} }`)).statusCode, 400)
  })
})
