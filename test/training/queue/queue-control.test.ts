import t from 'tap'
import * as ledger from '../../../src/training/runs/run-ledger.js'
import { createUser } from '../../support/users.js'
import { openUniversity } from '../university.js'

t.test('the queues', async t => {
  const university = await openUniversity(t)
  const { deps, instructor, get, post, ask, launch } = university
  const { database } = deps
  const admin = await createUser(university, { role: 'ADMIN' })
  const claim = (runId: string, workerId = 'w') =>
    ledger.claimAttempt(database, { runId, attempt: 1, workerId })

  await t.test('that are paused give no run to anybody, until they are resumed', async t => {
    const id = await launch()
    const paused = (await post('/queues/pause', admin.headers)).json()
    t.match(paused.items, [
      { machineClass: 'CPU', pausedAt: /./, waiting: 1, held: 0, running: 0, workers: 0 },
      { machineClass: 'GPU', pausedAt: /./, waiting: 0 },
    ])
    t.strictSame((await post('/queues/pause', admin.headers)).json(), paused, 'twice is once')
    t.equal(await claim(id), false)
    const { data } = await ask('mutation { resumeQueues { machineClass pausedAt } }', admin.headers)
    t.match(data.resumeQueues, [{ pausedAt: null }, { pausedAt: null }])
    t.equal(await claim(id), true)
    t.match((await get('/queues', admin.headers)).json().items, [{ running: 1, waiting: 0 }])
  })

  await t.test('give no run to a worker that is drained', async t => {
    await database.$executeRaw`INSERT INTO worker_nodes (id, hostname, engines) VALUES ('worn', 'h', '[]'::jsonb)`
    const id = await launch()
    t.match((await post('/workers/worn/drain', admin.headers)).json(), { id: 'worn', drainingAt: /./ })
    t.equal(await claim(id, 'worn'), false)
    const undrain = 'mutation { drainWorker(id: "worn", drain: false) { id drainingAt } }'
    t.strictSame((await ask(undrain, admin.headers)).data.drainWorker, { id: 'worn', drainingAt: null })
    t.equal(await claim(id, 'worn'), true)
    t.match((await get('/workers', admin.headers)).json().items, [{ id: 'worn', runs: 1 }])
    t.equal((await post('/workers/gone/drain', admin.headers)).statusCode, 404)
  })

  await t.test('are an affair of admins alone', async t => {
    const student = await createUser(university)
    const posts = ['/queues/pause', '/queues/resume', '/workers/worn/drain', '/workers/worn/undrain']
    for (const [headers, status] of [
      [{}, 401],
      [student.headers, 403],
      [instructor.headers, 403],
    ] as const) {
      for (const url of posts) t.equal((await post(url, headers)).statusCode, status, url)
      t.equal((await get('/queues', headers)).statusCode, status)
      for (const field of ['pauseQueues { waiting }', 'drainWorker(id: "worn") { id }'])
        t.match(await ask(`mutation { ${field} }`, headers), { errors: [{}] })
    }
    t.strictSame(await database.trainingQueue.count({ where: { pausedAt: { not: null } } }), 0)
  })
})
