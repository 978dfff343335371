// Apollo Server with the same schema and the same lesson in memory.
import { readFileSync } from 'node:fs'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'

const { sdl, lesson } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const server = new ApolloServer({ typeDefs: sdl, resolvers: { Query: { lesson: () => lesson } } })
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } })
process.send({ kind: 'ready', url })
process.on('disconnect', () => process.exit(0))
