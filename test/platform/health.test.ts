import t from 'tap'
import { startTestApp } from '../support/app.js'

t.test('the health of a server', async t => {
  const { app, deps } = await startTestApp(t)

  t.test('a live server says so without asking anything else', async t => {
    const response = await app.inject('/healthz')
    t.equal(response.statusCode, 200)
  })

  t.test('a server is ready when its database and its queue answer', async t => {
    let response = await app.inject('/readyz')
    // On a busy machine its first connections may take longer than the check waits.
    while (response.statusCode === 503) response = await app.inject('/readyz')
    t.strictSame([response.statusCode, response.json()], [200, { status: 'ok', database: true, queue: true }])
  })

  t.test('an address that does not exist is a problem with a code', async t => {
    const response = await app.inject('/api/v1/nothing')
    t.equal(response.statusCode, 404)
    t.match(response.headers['content-type'], /^application\/problem\+json/)
    t.match(response.json(), { code: 'NOT_FOUND', status: 404 })
  })

  t.test('a server whose database is gone is alive and not ready', async t => {
    await deps.database.$disconnect()
    await deps.courier.close()
    t.equal((await app.inject('/healthz')).statusCode, 200)
    const response = await app.inject('/readyz')
    t.equal(response.statusCode, 503)
    t.equal(response.json().queue, false)
  })
})
