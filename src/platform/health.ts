import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const patienceMs = 2_000

/** `/healthz`: the process answers. `/readyz`: so do the database and the queue, which are really asked. */
export const health = fp(
  async (app: FastifyInstance) => {
    app.get('/healthz', { logLevel: 'warn', schema: { hide: true } }, async () => ({ status: 'ok' }))
    app.get('/readyz', { logLevel: 'warn', schema: { hide: true } }, async (_request, reply) => {
      const [database, queue] = await Promise.all([
        answers(app.deps.database.$queryRaw`SELECT 1`),
        answers(app.deps.courier.ping()),
      ])
      const ready = database && queue
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', database, queue })
    })
  },
  { name: 'health' },
)

async function answers(question: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), patienceMs)
  })
  try {
    await Promise.race([question, patience])
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
