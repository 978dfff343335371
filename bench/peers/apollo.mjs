// Apollo Server with the part of the schema that the page asks for, and the lesson in memory.
import { readFileSync } from 'node:fs'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'

const { sdl, slug, lesson } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const lessons = new Map([[slug, lesson]])
const server = new ApolloServer({
  typeDefs: sdl,
  resolvers: { Query: { lesson: (_root, args) => lessons.get(args.slug) } },
})
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } })
process.send({ kind: 'ready', url })
process.on('disconnect', () => process.exit(0))
