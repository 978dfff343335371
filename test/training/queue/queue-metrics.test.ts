import { Registry } from 'prom-client'
import t from 'tap'
import { createLogger } from '../../../src/platform/logger.js'
import { listenForScrapes } from '../../../src/platform/scrapes.js'
import { measureQueues } from '../../../src/training/queue/queue-metrics.js'
import { reportWorker } from '../../../src/training/queue/worker-ledger.js'
import { appendEvents } from '../../../src/training/runs/run-ledger.js'
import { scrape } from '../../support/scrape.js'
import { startedEvent } from '../../support/started-event.js'
import { openUniversity, spec } from '../university.js'

t.test('what a server tells Prometheus', async t => {
  const university = await openUniversity(t, { LYCEUM_METRICS_PORT: '9464', LYCEUM_RUNS_AT_ONCE: '4' })
  const { app, deps, instructor, launch, begin, succeed, get, ask } = university
  const { database } = deps
  const place = { host: '127.0.0.1', port: 0, setting: 'LYCEUM_METRICS_PORT' }
  const { port, close } = await listenForScrapes(app.metrics, place, createLogger('silent'))
  t.teardown(close)
  const worker = { hostname: 'h', engines: [], slots: 3, cards: [], memoryBytes: 1 }
  await reportWorker(database, 'w', { ...worker, classes: ['CPU', 'GPU'] })
  await reportWorker(database, 'v', { ...worker, classes: ['CPU'] })
  const [done, watched] = [await launch(), await launch()]
  await succeed(done)
  const key = await begin(watched)
  for (let i = 0; i < 4; i++) await launch()
  await launch(instructor, { spec: { ...spec, engine: 'tensorflow-gpu' } })
  await database.$executeRaw`UPDATE training_runs SET "releasedAt" = now() - interval '90 seconds'
    WHERE id = (SELECT min(id::text)::uuid FROM training_runs WHERE status = 'QUEUED')`

  await t.test('runs and queues are as the database has them', async t => {
    const metrics = await scrape(port)
    const groups = await database.trainingRun.groupBy({ by: ['machineClass', 'status'], _count: true })
    t.ok(groups.length >= 4)
    for (const { machineClass, status, _count } of groups)
      t.equal(metrics.read('lyceum_runs', { machine_class: machineClass, state: status }), _count)
    t.equal(metrics.read('lyceum_runs', { machine_class: 'CPU', state: 'FAILED' }), 0)
    const [cpu, gpu] = [{ machine_class: 'CPU' }, { machine_class: 'GPU' }]
    t.equal(metrics.read('lyceum_queue_waiting_runs', cpu), 3)
    t.equal(metrics.read('lyceum_queue_held_runs', cpu), 1)
    t.equal(metrics.read('lyceum_queue_held_runs', gpu), 1)
    const age = metrics.read('lyceum_queue_oldest_wait_seconds', cpu) ?? 0
    t.ok(age >= 90 && age < 150, `waits for ${age} s`)
    t.equal(metrics.read('lyceum_queue_oldest_wait_seconds', gpu), 0)
    t.strictSame(
      [cpu, gpu].map(labels => metrics.read('lyceum_workers', labels)),
      [2, 1],
    )
    t.strictSame(
      [cpu, gpu].map(labels => metrics.read('lyceum_worker_slots', labels)),
      [6, 3],
    )
    t.equal(metrics.read('lyceum_queue_paused', cpu), 0)
    t.equal(metrics.read('lyceum_database_readable'), 1)
    t.ok((metrics.read('process_resident_memory_bytes') ?? 0) > 1e6)
  })

  await t.test('requests are counted by route and root field, and never by address', async t => {
    await get(`/runs/${done}`, instructor.headers)
    await get(`/runs/${watched}`, instructor.headers)
    await app.inject('/made/up/address')
    await ask('{ a: me { id } b: me { id } courses(first: 1) { totalCount } }', instructor.headers)
    const metrics = await scrape(port)
    const route = { route: '/api/v1/runs/:id', method: 'GET', status: '2xx' }
    t.equal(metrics.read('lyceum_http_request_duration_seconds_count', route), 2)
    t.equal(metrics.read('lyceum_http_request_duration_seconds_count', { route: 'none', status: '4xx' }), 1)
    const routes = metrics.valuesOf('lyceum_http_request_duration_seconds_count', 'route')
    t.notOk([...routes].some(found => found?.includes(done) || found?.includes('made')))
    t.equal(metrics.read('lyceum_graphql_root_fields_total', { operation: 'query', field: 'me' }), 2)
  })

  await t.test('an event that is handed out is counted with its delay', async t => {
    const before = (await scrape(port)).read('lyceum_event_delay_seconds_count')
    const stop = new AbortController()
    const actor = await app.identity.authenticate(instructor.token)
    if (actor === undefined) throw new Error('nobody')
    const { events } = await app.training.watchRun(actor, watched, 0, stop.signal)
    let told: Promise<unknown> = Promise.resolve()
    for await (const { event } of events) {
      if (event.type === 'starting') told = appendEvents(database, key, [startedEvent])
      if (event.type === 'started') break
    }
    await told
    stop.abort()
    const metrics = await scrape(port)
    t.equal(before, 0)
    t.equal(metrics.read('lyceum_event_delay_seconds_count'), 1)
    const delay = metrics.read('lyceum_event_delay_seconds_sum') ?? -1
    t.ok(delay >= 0 && delay < 5, `${delay} s`)
  })

  await t.test('nothing but the metrics is there, and only to be read', async t => {
    t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404)
    t.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status, 405)
    t.equal((await app.inject('/metrics')).statusCode, 404)
    await t.rejects(listenForScrapes(app.metrics, { ...place, port }, createLogger('silent')), {
      message: `Port ${port} is in use: stop what uses it, or choose another, such as LYCEUM_METRICS_PORT=${port + 1}.`,
    })
  })

  await t.test('the process still tells of itself where the database refuses', async t => {
    await database.$executeRaw`ALTER TABLE training_queues RENAME TO queues_away`
    let metrics = await scrape(port)
    // The last answer is remembered for a moment.
    while (metrics.read('lyceum_database_readable') === 1) metrics = await scrape(port)
    const lines: string[] = []
    const destination = { write: (line: string) => void lines.push(line) }
    const other = new Registry()
    measureQueues(other, { database, logger: createLogger('warn', { destination }) })
    await other.metrics()
    await database.$executeRaw`ALTER TABLE queues_away RENAME TO training_queues`
    t.equal(lines.length, 1, 'the log is told once, and not by each metric')
    t.equal(metrics.read('lyceum_database_readable'), 0)
    t.equal(metrics.read('lyceum_queue_waiting_runs'), undefined)
    t.ok((metrics.read('process_resident_memory_bytes') ?? 0) > 1e6)
  })
})
