import { Writable } from 'node:stream'
import t from 'tap'
import { buildApp } from '../../src/app.js'
import { createLogger } from '../../src/platform/logger.js'
import { openTestDependencies } from '../support/app.js'
import { createUser } from '../support/users.js'

t.test('HTTP', async t => {
  const { deps } = await openTestDependencies(t, { LYCEUM_CORS_ORIGINS: 'https://lyceum.example' })
  let log = ''
  const destination = new Writable({
    write(chunk, _encoding, done) {
      log += chunk
      done()
    },
  })
  const app = await buildApp({ ...deps, logger: createLogger('trace', { destination }) })
  t.teardown(() => app.close())
  const student = await createUser({ app })
  const post = (payload: string, type = 'application/json', url = '/api/v1/session') =>
    app.inject({ method: 'POST', url, payload, headers: { ...student.headers, 'content-type': type } })

  await t.test('an address that does not exist is a problem, and so is one that cannot be read', async t => {
    const missing = await app.inject('/api/v1/nothing?secret=1')
    t.equal(missing.headers['content-type'], 'application/problem+json; charset=utf-8')
    t.match(missing.json(), {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is no such address: GET /api/v1/nothing.',
      code: 'NOT_FOUND',
    })
    const unreadable = await app.inject('/api/v1/courses/%')
    t.equal(unreadable.headers['content-type'], 'application/problem+json; charset=utf-8')
    t.match(unreadable.json(), { status: 400, code: 'BAD_REQUEST' })
  })

  await t.test('JSON that breaks is refused with the line and the column', async t => {
    for (const [body, place] of [
      ['{"email":}', 'line 1, column 10'],
      ['{\n  "email": "a"\n  "password": "b"\n}', 'line 3, column 3'],
      ['{"email": "a", // no comments\n}', 'line 1, column 16'],
      ['', 'it is empty'],
    ] as const) {
      const { json, statusCode } = await post(body)
      t.equal(statusCode, 400)
      t.match(json(), { code: 'MALFORMED_JSON', detail: new RegExp(place) }, body)
    }
    t.match((await post('{"__proto__": {}}')).json(), { status: 400, code: 'BAD_REQUEST' })
    const graphql = await post('{"query":', 'application/json', '/graphql')
    t.equal(graphql.statusCode, 400)
    t.match(graphql.json(), { errors: [{ extensions: { code: 'MALFORMED_JSON' } }] })
  })

  await t.test('a body of another type is refused with those that are taken', async t => {
    t.match((await post('a=b', 'application/x-www-form-urlencoded')).json(), {
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      accepted: ['application/json'],
    })
    const predictions = `/api/v1/runs/${crypto.randomUUID()}/predictions`
    t.match((await post('GIF89a', 'image/gif', predictions)).json(), {
      detail: "Send application/json or image/png or image/jpeg, and say so in the header 'content-type'.",
    })
    t.match((await post('PNG', 'image/png', predictions)).json(), { status: 404, code: 'NOT_FOUND' })
    t.match((await post('PNG', 'image/png')).json(), { status: 415 }, 'only where images are asked for')
  })

  await t.test('a body that is too large is refused with the limit', async t => {
    const large = JSON.stringify({ email: 'x'.repeat(1024 * 1024) })
    t.match((await post(large)).json(), { status: 413, code: 'BODY_TOO_LARGE', limit: 1024 * 1024 })
    const png = 'x'.repeat(6 * 1024 * 1024 + 1)
    const predictions = `/api/v1/runs/${crypto.randomUUID()}/predictions`
    t.match((await post(png, 'image/png', predictions)).json(), { status: 413, limit: 6 * 1024 * 1024 })
  })

  await t.test('other origins are those of the configuration', async t => {
    const ask = (origin: string) =>
      app.inject({
        method: 'OPTIONS',
        url: '/graphql',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    const listed = (await ask('https://lyceum.example')).headers
    t.equal(listed['access-control-allow-origin'], 'https://lyceum.example')
    t.equal(listed['access-control-allow-credentials'], 'true')
    t.equal((await ask('https://evil.example')).headers['access-control-allow-origin'], undefined)
  })

  await t.test('answers forbid browsers what an API does not need, pages what they do not', async t => {
    const { headers } = await app.inject('/api/v1/courses')
    t.equal(headers['content-security-policy'], "default-src 'none';frame-ancestors 'none'")
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['referrer-policy'], 'no-referrer')
    for (const page of ['/graphiql/', '/api/docs']) {
      const { headers, statusCode } = await app.inject(page)
      t.equal(statusCode, 200, page)
      t.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self';/)
    }
  })

  await t.test('a problem, its answer and the log name the same request', async t => {
    const { headers, json } = await app.inject({
      url: '/api/v1/nothing',
      headers: { 'x-request-id': 'mine' },
    })
    t.equal(json().requestId, headers['x-request-id'])
    t.not(json().requestId, 'mine')
    t.match(log, `"reqId":"${json().requestId}"`)
  })

  await t.test('no secret is in the log', async t => {
    const signIn = await app.inject({
      method: 'POST',
      url: '/api/v1/session',
      payload: { email: student.email, password: student.password, delivery: 'cookie' },
    })
    const [cookie] = signIn.cookies
    t.ok(cookie)
    const headers = { cookie: `lyceum_session=${cookie?.value}` }
    t.equal((await app.inject({ url: '/api/v1/me', headers })).statusCode, 200)
    t.equal((await app.inject({ url: '/api/v1/me', headers: student.headers })).statusCode, 200)
    const query = `mutation { signIn(input: {email: "${student.email}", password: "${student.password}"}) { token } }`
    t.ok((await app.inject({ method: 'POST', url: '/graphql', payload: { query } })).json().data.signIn.token)
    t.ok(log.length > 1000)
    for (const secret of [student.password, student.token, cookie?.value ?? '', signIn.json().csrfToken]) {
      t.notOk(log.includes(secret))
    }
  })
})

t.test('GraphiQL is not served in production', async t => {
  const { deps } = await openTestDependencies(t, { LYCEUM_GRAPHIQL: 'false' })
  const app = await buildApp(deps)
  t.teardown(() => app.close())
  t.equal((await app.inject('/graphiql/')).statusCode, 404)
})
