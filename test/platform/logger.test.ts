import t from 'tap'
import { buildApp } from '../../src/app.js'
import { createLogger } from '../../src/platform/logger.js'
import { openTestDependencies } from '../support/app.js'

t.test('the log of a server', async t => {
  const lines: string[] = []
  const logger = createLogger('info', { destination: { write: line => lines.push(line) } })
  const { deps } = await openTestDependencies(t)
  const app = await buildApp({ ...deps, logger })
  t.teardown(() => app.close())
  t.beforeEach(() => {
    lines.length = 0
  })

  t.test('has one line for a request, with the id that the client was told', async t => {
    const response = await app.inject('/api/v1/courses?first=1')
    t.equal(lines.length, 1)
    t.match(JSON.parse(lines[0] ?? ''), {
      level: 30,
      reqId: String(response.headers['x-request-id']),
      req: { method: 'GET', url: '/api/v1/courses?first=1' },
      res: { statusCode: 200 },
      responseTime: Number,
    })
  })

  t.test('has no line for a health check that passed', async t => {
    await app.inject('/healthz')
    t.strictSame(lines, [])
  })

  t.test('has no secret in it, wherever it was sent', async t => {
    const secret = 'lyc_0123456789012345678901234567890123456789012'
    const password = 'not-the-password-of-anyone'
    await app.inject({ url: '/api/v1/courses', headers: { authorization: `Bearer ${secret}` } })
    await app.inject({ url: '/api/v1/courses', headers: { cookie: `lyceum_session=${secret}` } })
    await app.inject({ method: 'POST', url: '/api/v1/session', body: { email: 'a@b.test', password } })
    logger.info({ user: { password, token: secret }, req: { headers: { authorization: secret } } }, 'a slip')
    t.equal(lines.length, 4)
    t.notMatch(lines.join(''), secret)
    t.notMatch(lines.join(''), password)
  })
})
