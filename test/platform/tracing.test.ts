import { once } from 'node:events'
import { createServer } from 'node:net'
import { pino } from 'pino'
import t from 'tap'
import { tracer } from '../../src/platform/tracing/spans.js'
import { startTracing } from '../../src/platform/tracing/start-tracing.js'
import { createUser } from '../support/users.js'
import { openUniversity } from '../training/university.js'

t.test('traces', async t => {
  // It takes what is sent, and never says a word.
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const address = silent.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  const endpoint = `http://127.0.0.1:${address.port}`
  const university = await openUniversity(t, { LYCEUM_OTLP_ENDPOINT: endpoint })
  const { app, deps, launch, instructor } = university
  const lines: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  let endTracing = async () => {}
  const rowOf = async (id: string) => deps.database.trainingRun.findUniqueOrThrow({ where: { id } })

  await t.test('that nobody collects leave no trace', async t => {
    t.notOk(tracer.startSpan('nobody').isRecording())
    t.equal((await rowOf(await launch())).traceparent, null)
  })

  await t.test('of a caller that names one as it should are gone on with, of others begun anew', async t => {
    endTracing = await startTracing({ endpoint, ratio: 1, service: 'lyceum-api' }, logger)
    const launchWith = async (traceparent: string) => {
      const payload = { spec: { architecture: 'lenet-5', dataset: 'mnist', epochs: 1 } }
      const headers = { ...instructor.headers, traceparent }
      const response = await app.inject({ method: 'POST', url: '/api/v1/runs', headers, payload })
      t.equal(response.statusCode, 201)
      t.notOk(response.body.includes('traceparent'))
      return (await rowOf(response.json().id)).traceparent ?? ''
    }
    const id = '4bf92f3577b34da6a3ce929d0e0e4736'
    t.match(
      await launchWith(`00-${id}-00f067aa0ba902b7-01`),
      new RegExp(`^00-${id}-(?!00f067)[0-9a-f]{16}-01$`),
    )
    for (const wrong of [
      '',
      'x',
      `00-${id}-0000000000000000-01`,
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    ]) {
      const begun = await launchWith(wrong)
      t.match(begun, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
      t.notOk(begun.includes(id))
    }
    // One that the caller does not keep is not kept here.
    t.match(await launchWith(`00-${id}-00f067aa0ba902b7-00`), /-00$/)
  })

  await t.test('hold nothing up where their collector is silent', async t => {
    const { headers } = await createUser(university)
    const ask = async (times: number) => {
      const begun = performance.now()
      for (let i = 0; i < times; i++) await app.inject({ url: '/api/v1/me', headers })
      return performance.now() - begun
    }
    await ask(100)
    t.ok(tracer.startSpan('kept').isRecording())
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 50_000; i++) tracer.startSpan('one of very many').end()
    const took = await ask(200)
    t.ok(took < 5_000, `200 requests took ${Math.round(took)} ms`)
    const grown = process.memoryUsage().heapUsed - before
    t.ok(grown < 100e6, `50,000 spans took ${Math.round(grown / 1e6)} MB`)
    const begun = performance.now()
    await endTracing()
    const ended = performance.now() - begun
    t.ok(ended < 4_000, `the end took ${Math.round(ended)} ms`)
    t.match(lines.join(''), /"error":"[^"{}]+","msg":"Traces could not be sent; they are dropped"/)
  })
})
