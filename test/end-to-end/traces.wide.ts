import t from 'tap'
import { z } from 'zod'
import { createIdentityService } from '../../src/identity/identity-service.js'
import { TokenCache } from '../../src/identity/token-cache.js'
import { openDatabase } from '../../src/platform/database.js'
import { startCollector } from '../support/collector.js'
import { cloneDatabase } from '../support/postgres.js'
import { startLyceum } from '../support/processes.js'
import { signIn } from '../support/rest.js'
import { queueSpec, runBecomes } from '../support/runs.js'

const launch = `mutation ($spec: TrainingSpecInput!) { launchRun(input: { spec: $spec, name: "Ada's own" }) { id } }`
const launched = z.object({ data: z.object({ launchRun: z.object({ id: z.string() }) }) })

t.test('one trace leads from a mutation to the epochs of the child that trains it', async t => {
  const { url, drop } = await cloneDatabase()
  const database = openDatabase(url, { connections: 2 })
  t.teardown(async () => {
    await database.$disconnect()
    await drop()
  })
  const collector = await startCollector(t)
  const env = {
    ...{ DATABASE_URL: url, LYCEUM_HOME: t.testdir(), PORT: '0', LYCEUM_ENGINE: 'wasm' },
    LYCEUM_OTLP_ENDPOINT: collector.endpoint,
  }
  const account = { email: 'ada@lyceum.test', password: 'a long password of hers' }
  const identity = createIdentityService(database, new TokenCache())
  await identity.addUser({ ...account, name: 'Ada Lovelace', role: 'INSTRUCTOR' })
  const server = await startLyceum(t, ['server'], env)
  const { port } = z.object({ port: z.number() }).parse(server.ready)
  const address = `http://127.0.0.1:${port}`
  const { token } = await signIn(address, account)
  const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
  const layers = [{ type: 'flatten' }, { type: 'dense', units: 10 }]
  const spec = { dataset: 'mnist', layers, trainingImages: 200, epochs: 2 }
  const response = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      traceparent: `00-${caller.traceId}-${caller.spanId}-01`,
    },
    body: JSON.stringify({ query: launch, variables: { spec } }),
  })
  const runId = launched.parse(await response.json()).data.launchRun.id
  const worker = await startLyceum(t, ['worker'], env)
  await runBecomes(database, runId, 'SUCCEEDED')
  const failing = await queueSpec(database, { dataset: 'mnist', epochs: -1 })
  await runBecomes(database, failing, 'FAILED')
  await Promise.all([worker.stop(), server.stop()])

  const all = collector.spans()
  const spans = all.filter(span => span.traceId === caller.traceId)
  const one = (name: string) => {
    const found = spans.filter(span => span.name === name)
    if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} spans '${name}'`)
    return found[0]
  }
  const request = one('mutation launchRun')
  t.match(request, { parentSpanId: caller.spanId, service: 'lyceum-api' })
  t.match(request.attributes, { 'http.route': '/graphql', 'http.response.status_code': 200 })
  const launchSpan = one('launch')
  t.equal(launchSpan.parentSpanId, request.spanId)
  t.equal(launchSpan.attributes['lyceum.run.id'], runId)
  const [wait, attempt] = [one('wait in the queue'), one('attempt')]
  for (const span of [wait, attempt])
    t.match(span, { parentSpanId: launchSpan.spanId, service: 'lyceum-worker' })
  t.match(attempt.attributes, { 'lyceum.run.attempt': 1, 'lyceum.run.outcome': 'finished' })
  const row = await database.runAttempt.findFirstOrThrow({ where: { runId } })
  t.equal(Number(wait.end / 1_000_000n), row.claimedAt?.getTime())
  const stages = spans.filter(span => span.parentSpanId === attempt.spanId)
  t.strictSame(
    stages.sort((a, b) => Number(a.begin - b.begin)).map(span => span.name),
    ['load data', 'open engine', 'epoch', 'epoch', 'evaluate', 'save'],
  )
  for (const stage of stages) t.ok(stage.begin >= attempt.begin && stage.end <= attempt.end, stage.name)
  t.strictSame(
    stages.filter(span => span.name === 'epoch').map(span => span.attributes['lyceum.run.epoch']),
    [1, 2],
  )
  const failed = all.find(span => span.attributes['error.type'] === 'SPEC_UNREADABLE')
  t.match(failed, { name: 'attempt', status: { code: 2 }, attributes: { 'lyceum.run.id': failing } })
  for (const secret of [account.email, "Ada's own", account.password, token, 'Lovelace'])
    t.notOk(collector.text().toLowerCase().includes(secret.toLowerCase()), `not '${secret}'`)
})
