// GraphQL Yoga's subscriptions over server-sent events, from its own publisher in memory: it stores nothing, knows
// nobody and repeats nothing that was missed.
import { createServer } from 'node:http'
import { createPubSub, createSchema, createYoga } from 'graphql-yoga'

const typeDefs = `
  type Event { loss: Float! }
  type RunEvent { number: Int! event: Event! }
  type Query { ok: Boolean! }
  type Subscription { runEvents(runId: ID!): RunEvent! }
`
const published = createPubSub()
const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs,
    resolvers: {
      Query: { ok: () => true },
      Subscription: {
        runEvents: {
          subscribe: (_root, { runId }) => published.subscribe('run', runId),
          resolve: event => event,
        },
      },
    },
  }),
})
process.on('message', ({ id, number, event }) => published.publish('run', id, { number, event }))
process.on('disconnect', () => process.exit(0))
const server = createServer(yoga).listen(0, '127.0.0.1', () => {
  process.send({ kind: 'ready', port: server.address().port })
})
