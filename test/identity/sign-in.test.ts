import { randomUUID } from 'node:crypto'
import t from 'tap'
import { buildApp } from '../../src/app.js'
import { startTestApp } from '../support/app.js'
import { createUser } from '../support/users.js'

t.test('signing in', async t => {
  const testApp = await startTestApp(t, {
    LYCEUM_SIGN_IN_LIMIT: '10000',
    LYCEUM_CORS_ORIGINS: 'https://front.test',
  })
  const { app, deps } = testApp
  const user = await createUser(testApp)
  const signIn = (payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/api/v1/session', headers, payload })
  const signInToCookie = async (account: { email: string; password: string }) => {
    const response = await signIn({ email: account.email, password: account.password, delivery: 'cookie' })
    const [cookie] = response.cookies
    return {
      response,
      cookies: { lyceum_session: cookie?.value ?? '' },
      csrfToken: String(response.json().csrfToken),
    }
  }

  t.test('a script gets a token that works as a bearer token', async t => {
    const response = await signIn({ email: user.email, password: user.password })
    t.equal(response.statusCode, 201)
    t.strictSame(response.cookies, [])
    const { token, csrfToken } = response.json()
    t.match(token, /^lyc_[A-Za-z0-9_-]{43}$/)
    t.equal(csrfToken, null)
    const me = await app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${token}` } })
    t.match(me.json(), { id: user.userId, email: user.email, role: 'STUDENT', disabled: false })
    t.notOk('passwordHash' in me.json())
  })

  t.test('an address is compared without regard to case', async t => {
    t.equal(
      (await signIn({ email: ` ${user.email.toUpperCase()} `, password: user.password })).statusCode,
      201,
    )
  })

  t.test('an unknown address, a wrong password and a disabled account get one answer', async t => {
    const disabled = await createUser(testApp)
    await deps.database.user.update({ where: { id: disabled.userId }, data: { disabledAt: new Date() } })
    const answers = await Promise.all([
      signIn({ email: 'nobody@lyceum.test', password: user.password }),
      signIn({ email: user.email, password: 'not the password' }),
      signIn({ email: disabled.email, password: disabled.password }),
    ])
    const bodies = answers.map(answer => {
      const { requestId, ...body } = answer.json()
      return { status: answer.statusCode, ...body }
    })
    t.match(bodies[0], { status: 401, code: 'SIGN_IN_REFUSED' })
    t.strictSame(bodies[1], bodies[0])
    t.strictSame(bodies[2], bodies[0])
  })

  t.test('what is no sign-in is refused with its place named', async t => {
    for (const [payload, place] of [
      [{ email: 'no address', password: 'x' }, 'body.email'],
      [{ email: user.email, password: '' }, 'body.password'],
      [{ email: user.email, password: 'x'.repeat(129) }, 'body.password'],
      [{ email: user.email, password: 'x', delivery: 'pigeon' }, 'body.delivery'],
    ] as const) {
      const response = await signIn(payload)
      t.equal(response.statusCode, 400)
      t.match(response.json().detail, place)
    }
    t.equal((await signIn({ email: user.email, password: user.password, role: 'ADMIN' })).statusCode, 400)
  })

  t.test('a bearer token that is not valid is refused', async t => {
    for (const token of [`lyc_${'x'.repeat(43)}`, 'lyc_short', 'something']) {
      const response = await app.inject({ url: '/api/v1/me', headers: { authorization: `Bearer ${token}` } })
      t.strictSame([response.statusCode, response.json().code], [401, 'TOKEN_INVALID'])
      t.match(response.headers['www-authenticate'], /invalid_token/)
    }
  })

  t.test('without a token the account is closed', async t => {
    for (const url of ['/api/v1/me', '/api/v1/session', '/api/v1/tokens', '/api/v1/users']) {
      const response = await app.inject(url)
      t.strictSame([response.statusCode, response.json().code], [401, 'UNAUTHENTICATED'], url)
    }
  })

  t.test('a browser gets an httpOnly cookie and never sees the token', async t => {
    const { response, cookies, csrfToken } = await signInToCookie(user)
    t.equal(response.json().token, null)
    t.match(response.cookies[0], { name: 'lyceum_session', httpOnly: true, sameSite: 'Lax', path: '/' })
    t.notMatch(response.body, cookies.lyceum_session)
    const session = await app.inject({ url: '/api/v1/session', cookies })
    t.match(session.json(), { userId: user.userId, kind: 'SESSION', csrfToken })
  })

  t.test('a cookie changes something only with its own CSRF token and from our origins', async t => {
    const { cookies, csrfToken } = await signInToCookie(user)
    const other = await signInToCookie(user)
    const payload = { name: 'script', scopes: ['read'] }
    const post = (headers: Record<string, string>) =>
      app.inject({ method: 'POST', url: '/api/v1/tokens', cookies, headers: headers, payload })
    const token = { 'x-csrf-token': csrfToken }
    for (const headers of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': other.csrfToken }]) {
      const response = await post(headers as Record<string, string>)
      t.strictSame([response.statusCode, response.json().code], [403, 'CSRF_REFUSED'])
    }
    for (const origin of ['https://evil.test', 'null']) {
      const response = await post({ ...token, origin })
      t.strictSame([response.statusCode, response.json().code], [403, 'ORIGIN_REFUSED'])
    }
    t.equal(await deps.database.token.count({ where: { userId: user.userId, kind: 'API' } }), 0)
    t.equal((await post(token)).statusCode, 201)
    t.equal((await post({ ...token, origin: 'https://front.test' })).statusCode, 201)
    t.equal((await post({ ...token, origin: 'http://localhost:80' })).statusCode, 201)
  })

  t.test('another site can neither sign a browser in nor open a socket with its cookie', async t => {
    const { cookies } = await signInToCookie(user)
    const payload = { email: user.email, password: user.password, delivery: 'cookie' }
    const foreign = await signIn(payload, { origin: 'https://evil.test' })
    t.strictSame([foreign.statusCode, foreign.json().code], [403, 'ORIGIN_REFUSED'])
    const socket = await app.inject({
      url: '/api/v1/session',
      cookies,
      headers: { upgrade: 'websocket', connection: 'upgrade', origin: 'https://evil.test' },
    })
    t.strictSame([socket.statusCode, socket.json().code], [403, 'ORIGIN_REFUSED'])
  })

  t.test('signing out ends the token at once and clears the cookie', async t => {
    const { cookies, csrfToken } = await signInToCookie(user)
    const out = await app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      cookies,
      headers: { 'x-csrf-token': csrfToken },
    })
    t.equal(out.statusCode, 204)
    t.equal(out.cookies[0]?.value, '')
    const after = await app.inject({ url: '/api/v1/session', cookies })
    t.strictSame([after.statusCode, after.json().code], [401, 'UNAUTHENTICATED'])
    t.equal((await app.inject({ url: '/api/v1/me', headers: user.headers })).statusCode, 200, 'others stay')
  })

  t.test('a cookie that is not valid any more reads on as anyone does', async t => {
    const response = await app.inject({
      url: '/healthz',
      cookies: { lyceum_session: `lyc_${'x'.repeat(43)}` },
    })
    t.equal(response.statusCode, 200)
    t.equal(response.cookies[0]?.value, '')
  })
})

t.test('attempts to sign in are counted', async t => {
  const testApp = await startTestApp(t, { LYCEUM_SIGN_IN_LIMIT: '3' })
  const { app, deps } = testApp
  const user = await createUser(testApp)
  const attempt = (email: string, remoteAddress: string) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/session',
      remoteAddress,
      payload: { email, password: 'not the password' },
    })

  t.test('an account is tried so often from any number of addresses', async t => {
    for (const n of [1, 2, 3]) t.equal((await attempt(user.email, `10.0.0.${n}`)).statusCode, 401)
    const response = await attempt(user.email, '10.0.0.4')
    t.strictSame([response.statusCode, response.json().code], [429, 'TOO_MANY_SIGN_INS'])
    t.ok(Number(response.headers['retry-after']) > 0 && Number(response.headers['retry-after']) <= 60)
  })

  t.test('an address tries so often, whatever the accounts', async t => {
    for (const n of [1, 2, 3]) t.equal((await attempt(`nobody-${n}@lyceum.test`, '10.0.1.1')).statusCode, 401)
    t.equal((await attempt('nobody-4@lyceum.test', '10.0.1.1')).statusCode, 429)
    t.equal((await attempt('nobody-4@lyceum.test', '10.0.1.2')).statusCode, 401)
  })

  t.test('IPv6 is counted by its network, and IPv4 in the clothes of IPv6 by itself', async t => {
    const status = async (address: string) =>
      (await attempt(`${randomUUID()}@lyceum.test`, address)).statusCode
    for (const n of [1, 2, 3]) t.equal(await status(`2001:db8::${n}`), 401)
    t.equal(await status('2001:db8::ffff:4'), 429)
    t.equal(await status('2001:db8:0:1::1'), 401)
    for (const address of ['10.0.3.1', '::ffff:10.0.3.1', '10.0.3.1']) t.equal(await status(address), 401)
    t.equal(await status('::ffff:10.0.3.1'), 429)
    t.equal(await status('::ffff:10.0.3.2'), 401)
  })

  t.test('all processes count together, and the next minute is another one', async t => {
    const second = await buildApp(deps)
    t.teardown(() => second.close())
    const email = 'nobody-anywhere@lyceum.test'
    const payload = { email, password: 'not the password' }
    const there = (remoteAddress: string) =>
      second.inject({ method: 'POST', url: '/api/v1/session', remoteAddress, payload })
    const answers = await Promise.all([
      attempt(email, '10.0.4.1'),
      there('10.0.4.2'),
      attempt(email, '10.0.4.3'),
      there('10.0.4.4'),
    ])
    t.strictSame(answers.map(answer => answer.statusCode).sort(), [401, 401, 401, 429])
    await deps.database.$executeRaw`UPDATE sign_in_windows SET "endsAt" = now() - interval '2 minutes'`
    t.equal((await there('10.0.4.5')).statusCode, 401)
    t.equal(await deps.database.signInWindow.count(), 2, 'old windows are cleared away')
  })

  t.test('a stolen session does not find the password by trying', async t => {
    const payload = { currentPassword: 'not the password', newPassword: 'another good password' }
    const change = (n: number) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/me/password',
        remoteAddress: `10.0.2.${n}`,
        headers: user.headers,
        payload,
      })
    for (const n of [1, 2, 3]) t.equal((await change(n)).json().code, 'CURRENT_PASSWORD_WRONG')
    t.equal((await change(4)).statusCode, 429)
  })
})
