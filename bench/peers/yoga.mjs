// GraphQL Yoga with the part of the schema that the page asks for, and the lesson in memory.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'

const { sdl, slug, lesson } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const lessons = new Map([[slug, lesson]])
const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: sdl,
    resolvers: { Query: { lesson: (_root, args) => lessons.get(args.slug) } },
  }),
})
const server = createServer(yoga).listen(0, '127.0.0.1', () => {
  process.send({ kind: 'ready', url: `http://127.0.0.1:${server.address().port}/graphql` })
})
process.on('disconnect', () => process.exit(0))
