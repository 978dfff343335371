import t from 'tap'
import { startTestApp } from '../support/app.js'
import { createUser } from '../support/users.js'

t.test('the workers that live', async t => {
  const testApp = await startTestApp(t)
  const { app, deps } = testApp
  const [admin, instructor] = await Promise.all([
    createUser(testApp, { role: 'ADMIN' }),
    createUser(testApp, { role: 'INSTRUCTOR' }),
  ])
  const chosen = {
    ...{ engine: 'tensorflow', device: 'CPU (some, 2 threads)', version: 'TensorFlow 2', gpu: false },
    ...{ imagesPerSecond: 2345, workaround: { DNNL_MAX_CPU_ISA: 'AVX' }, warnings: ['Slow.'] },
  }
  const refused = { engine: 'webgpu', reason: 'There is no GPU.' }
  await deps.database.$executeRaw`
    INSERT INTO worker_nodes (id, hostname, engines, "startedAt", "heartbeatAt") VALUES
      ('lives', 'one', ${JSON.stringify([chosen, refused])}::jsonb, now() - interval '1 hour', now()),
      ('begins', 'two', '[]'::jsonb, now(), now()),
      ('died', 'three', '[]'::jsonb, now(), now() - interval '11 seconds')`
  const get = (headers: Record<string, string>) =>
    app.inject({ method: 'GET', url: '/api/v1/workers', headers })
  const ask = async (fields: string, headers: Record<string, string>) => {
    const payload = { query: `{ workers { ${fields} } }` }
    return (await app.inject({ method: 'POST', url: '/graphql', headers, payload })).json()
  }
  const { workaround: _, ...shown } = chosen
  const none = { device: null, version: null, gpu: null, imagesPerSecond: null, warnings: [] }
  const engines = [
    { ...shown, works: true, reason: null },
    { ...refused, works: false, ...none },
  ]

  await t.test('are listed with what they tried, on both faces', async t => {
    const { items } = (await get(admin.headers)).json()
    t.match(items, [
      { id: 'lives', hostname: 'one', lastSeen: /^\d{4}-/, startedAt: /^\d{4}-/ },
      { id: 'begins', hostname: 'two', engines: [] },
    ])
    t.equal(items.length, 2, 'one that fell silent is not among them')
    t.strictSame(items[0].engines, engines)
    const fields = Object.keys(engines[0] ?? {}).join(' ')
    const { data } = await ask(`id hostname lastSeen engines { ${fields} }`, admin.headers)
    t.match(data.workers, [{ id: 'lives', hostname: 'one', lastSeen: /^\d{4}-/ }, { id: 'begins' }])
    t.strictSame(data.workers[0].engines, engines)
  })

  await t.test('are shown to admins alone', async t => {
    for (const [headers, status, code] of [
      [{}, 401, 'UNAUTHENTICATED'],
      [instructor.headers, 403, 'SCOPE_REQUIRED'],
    ] as const) {
      t.match((await get(headers)).json(), { status, code })
      t.match(await ask('id', headers), { data: null, errors: [{ extensions: { code } }] })
    }
  })
})
