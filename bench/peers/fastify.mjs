// Bare Fastify that serialises the answer for each request: what HTTP and JSON alone cost.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'

const { answers } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const app = Fastify()
app.post('/graphql', async ({ body }, reply) =>
  reply.type('application/json').send(JSON.stringify(answers[body.operationName])),
)
process.send({ kind: 'ready', url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql` })
process.on('disconnect', () => process.exit(0))
