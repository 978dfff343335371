// GraphQL Yoga with the same schema and the same lesson in memory.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'

const { sdl, lesson } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const yoga = createYoga({
  logging: false,
  schema: createSchema({ typeDefs: sdl, resolvers: { Query: { lesson: () => lesson } } }),
})
const server = createServer(yoga).listen(0, '127.0.0.1', () => {
  process.send({ kind: 'ready', url: `http://127.0.0.1:${server.address().port}/graphql` })
})
process.on('disconnect', () => process.exit(0))
