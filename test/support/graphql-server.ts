import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify from 'fastify'
import type { Test } from 'tap'
import { notFound, unauthenticated } from '../../src/platform/errors.js'
import { graphql } from '../../src/platform/graphql/index.js'
import { schemaParts } from '../../src/platform/graphql/schema-parts.js'
import { http } from '../../src/platform/http.js'
import { metrics } from '../../src/platform/metrics.js'
import { problems } from '../../src/platform/problem.js'
import { openTestDependencies } from './app.js'

const sdl = `
  extend type Query { hello: String! missing: String broken: String strict: String! now: DateTime! tree: Tree! size(of: Size!): Int }
  type Tree { tree: Tree! leaf: String! trees: [Tree!]! @listSize(assumedSize: 10) other: Other! }
  type Other { trees: [Tree!]! @listSize(assumedSize: 10) leaves(first: Int = 100): [Leaf!]! twigs(first: Int, last: Int): TwigConnection! }
  type Leaf { name: String! }
  type TwigConnection { edges: [TwigEdge!]! totalCount: Int! }
  type TwigEdge { node: Other! }
  enum Size { SMALL LARGE }
  extend type Mutation { count: Int! }
  extend type Subscription { whoami: String! forever: Int! refused: Int! failing: Int! }`

/** A server of the platform alone, with a small schema. Its tokens: `right`, and `short`, which soon expires. */
export async function startGraphql(t: Test, env: Record<string, string> = {}) {
  const { deps } = await openTestDependencies(t, env)
  let counted = 0
  let ended = 0
  const file = join(t.testdir(), 'part.graphql')
  writeFileSync(file, sdl)
  const app = Fastify()
  app.decorate('deps', deps)
  await app.register(problems)
  await app.register(metrics)
  await app.register(schemaParts)
  await app.register(http)
  const tree = () => ({ leaf: 'x' })
  const other = () => ({})
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
      Tree: { tree, trees: () => [tree()], other },
      Other: {
        trees: () => [tree()],
        leaves: () => [{ name: 'x' }],
        twigs: () => ({ edges: [{ node: other() }], totalCount: 1 }),
      },
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
    ask: (query: string, variables?: object) =>
      app.inject({ method: 'POST', url: '/graphql', payload: { query, ...(variables && { variables }) } }),
  }
}
