import t from 'tap'
import { buildApp } from '../../src/app.js'
import { createIdentityService } from '../../src/identity/identity-service.js'
import { startTestApp } from '../support/app.js'
import { streamRun, subscribeToRun } from '../support/clients.js'
import { createUser, type TestUser } from '../support/users.js'

t.test('an account and its tokens', async t => {
  const testApp = await startTestApp(t, { LYCEUM_SIGN_IN_LIMIT: '10000' })
  const { app, deps } = testApp
  const admin = await createUser(testApp, { role: 'ADMIN' })
  const ask = (method: 'GET' | 'POST' | 'DELETE' | 'PATCH', url: string, token: string, payload?: object) =>
    app.inject({
      method,
      url: `/api/v1${url}`,
      headers: { authorization: `Bearer ${token}` },
      ...(payload === undefined ? {} : { payload }),
    })
  const isValid = async (token: string) => (await ask('GET', '/session', token)).statusCode === 200
  const makeToken = async (
    user: TestUser,
    payload: object,
  ): Promise<{ secret: string; token: { id: string } }> =>
    (await ask('POST', '/tokens', user.token, { name: 'script', ...payload })).json()

  t.test('a token does what it was made for and no more', async t => {
    const teacher = await createUser(testApp, { role: 'INSTRUCTOR' })
    const { secret } = await makeToken(teacher, { scopes: ['train'] })
    t.match((await ask('GET', '/session', secret)).json(), { kind: 'API', scopes: ['train'] })
    t.equal((await ask('GET', '/me', secret)).json().code, 'SCOPE_REQUIRED')
    t.equal((await ask('GET', '/users', secret)).json().code, 'SCOPE_REQUIRED')
  })

  t.test('a token does not manage the account', async t => {
    const user = await createUser(testApp)
    const { secret } = await makeToken(user, { scopes: ['read', 'learn'] })
    const password = { currentPassword: user.password, newPassword: 'another good password' }
    for (const response of [
      await ask('POST', '/tokens', secret, { name: 'next', scopes: ['read'] }),
      await ask('POST', '/me/password', secret, password),
      await ask('DELETE', '/sessions', secret),
    ]) {
      t.strictSame([response.statusCode, response.json().code], [403, 'SESSION_REQUIRED'])
    }
  })

  t.test('nobody gives a token a scope that the role does not have', async t => {
    const user = await createUser(testApp)
    const response = await ask('POST', '/tokens', user.token, { name: 'x', scopes: ['read', 'admin'] })
    t.strictSame([response.statusCode, response.json().code], [403, 'SCOPE_REQUIRED'])
  })

  t.test('a token that is asked for wrongly is not made', async t => {
    const user = await createUser(testApp)
    for (const payload of [
      { name: 'x', scopes: [] },
      { name: 'x', scopes: ['everything'] },
      { name: 'x', scopes: ['read', 'read'] },
      { name: '', scopes: ['read'] },
      { name: 'x', scopes: ['read'], expiresInDays: 366 },
      { name: 'x', scopes: ['read'], expiresInDays: 0 },
    ]) {
      t.equal((await ask('POST', '/tokens', user.token, payload)).statusCode, 400)
    }
  })

  t.test('only the hash of a token is stored, and its last use is kept', async t => {
    const user = await createUser(testApp)
    const { secret, token } = await makeToken(user, { scopes: ['read'], expiresInDays: 365 })
    t.ok(await isValid(secret))
    const row = await deps.database.token.findUniqueOrThrow({ where: { id: token.id } })
    t.equal(row.hash.length, 32)
    t.notMatch(JSON.stringify({ ...row, hash: Buffer.from(row.hash).toString('latin1') }), secret)
    t.not(row.lastUsedAt, null)
    const days = (row.expiresAt.getTime() - row.createdAt.getTime()) / 86_400_000
    t.ok(Math.abs(days - 365) < 0.1)
    const list = (await ask('GET', '/tokens', user.token)).json()
    t.strictSame(
      list.items.map((item: { kind: string; current: boolean }) => [item.kind, item.current]),
      [
        ['API', false],
        ['SESSION', true],
      ],
    )
    t.notMatch(JSON.stringify(list), secret)
  })

  t.test('a token that has expired is not valid', async t => {
    const user = await createUser(testApp)
    const { secret, token } = await makeToken(user, { scopes: ['read'] })
    await deps.database
      .$executeRaw`UPDATE tokens SET "expiresAt" = now() - interval '1 second' WHERE id = ${token.id}::uuid`
    t.notOk(await isValid(secret))
  })

  t.test('a token that is revoked ends at once, in every process', async t => {
    const other = await buildApp(deps)
    t.teardown(() => other.close())
    const user = await createUser(testApp)
    const { secret, token } = await makeToken(user, { scopes: ['read'] })
    t.ok(await isValid(secret))
    t.match(await other.identity.authenticate(secret), { userId: user.userId })
    const heard = new Promise(resolve => deps.notifications.on('token_revoked', resolve))
    t.equal((await ask('DELETE', `/tokens/${token.id}`, user.token)).statusCode, 204)
    t.notOk(await isValid(secret))
    t.equal(await heard, token.id)
    t.equal(await other.identity.authenticate(secret), undefined)
  })

  t.test("another user's token and one that never was get the same answer", async t => {
    const [user, stranger] = [await createUser(testApp), await createUser(testApp)]
    const { secret, token } = await makeToken(user, { scopes: ['read'] })
    const answers = [
      await ask('DELETE', `/tokens/${token.id}`, stranger.token),
      await ask('DELETE', '/tokens/01900000-0000-7000-8000-000000000000', stranger.token),
    ].map(response => ({ ...response.json(), requestId: '' }))
    t.match(answers[0], { status: 404, code: 'NOT_FOUND' })
    t.strictSame(answers[0], answers[1])
    t.ok(await isValid(secret))
  })

  t.test('a new password ends every other token and the old password', async t => {
    const user = await createUser(testApp)
    const { secret: other } = await app.identity.signIn(user)
    const { secret: script } = await makeToken(user, { scopes: ['read'] })
    const newPassword = 'another good password'
    const wrong = await ask('POST', '/me/password', user.token, { currentPassword: 'no', newPassword })
    t.strictSame([wrong.statusCode, wrong.json().code], [403, 'CURRENT_PASSWORD_WRONG'])
    for (const bad of ['short', 'x'.repeat(129), user.password]) {
      const payload = { currentPassword: user.password, newPassword: bad }
      t.equal((await ask('POST', '/me/password', user.token, payload)).statusCode, 400)
    }
    t.ok((await isValid(other)) && (await isValid(script)))
    const change = await ask('POST', '/me/password', user.token, {
      currentPassword: user.password,
      newPassword,
    })
    t.equal(change.statusCode, 204)
    t.strictSame(
      [await isValid(user.token), await isValid(other), await isValid(script)],
      [true, false, false],
    )
    await t.rejects(app.identity.signIn(user), { code: 'SIGN_IN_REFUSED' })
    await t.resolves(app.identity.signIn({ email: user.email, password: newPassword }))
  })

  t.test('signing out everywhere ends every token', async t => {
    const user = await createUser(testApp)
    const { secret } = await makeToken(user, { scopes: ['read'] })
    t.equal((await ask('DELETE', '/sessions', user.token)).statusCode, 204)
    t.strictSame([await isValid(user.token), await isValid(secret)], [false, false])
  })

  t.test(
    'a session that was ended makes no token, even where another process still remembers it',
    async t => {
      const user = await createUser(testApp)
      const actor = await app.identity.authenticate(user.token)
      await createIdentityService(deps.database).signOutEverywhere(actor ?? { kind: 'anonymous' })
      const input = { name: 'late', scopes: ['read' as const], expiresInDays: 1 }
      await t.rejects(app.identity.createToken(actor ?? { kind: 'anonymous' }, input), {
        code: 'TOKEN_INVALID',
      })
    },
  )

  t.test('a student and an instructor do not look after users', async t => {
    const victim = await createUser(testApp)
    for (const role of ['STUDENT', 'INSTRUCTOR'] as const) {
      const { token } = await createUser(testApp, { role })
      const account = { email: 'x@lyceum.test', name: 'X', password: 'a good password', role: 'ADMIN' }
      for (const response of [
        await ask('GET', '/users', token),
        await ask('POST', '/users', token, account),
        await ask('PATCH', `/users/${victim.userId}`, token, { role: 'ADMIN' }),
        await ask('PATCH', '/users/01900000-0000-7000-8000-000000000000', token, { role: 'ADMIN' }),
      ]) {
        t.strictSame([response.statusCode, response.json().code], [403, 'SCOPE_REQUIRED'])
      }
    }
  })

  t.test('an admin makes a user, once for each address', async t => {
    const account = { email: 'New.User@Lyceum.Test', name: 'New', password: 'a good password' }
    const made = await ask('POST', '/users', admin.token, account)
    t.equal(made.statusCode, 201)
    t.match(made.json(), { email: 'new.user@lyceum.test', role: 'STUDENT' })
    const again = await ask('POST', '/users', admin.token, account)
    t.strictSame([again.statusCode, again.json().code], [409, 'EMAIL_TAKEN'])
    const short = await ask('POST', '/users', admin.token, { ...account, password: 'short' })
    t.match(short.json().detail, /at least 12 characters/)
  })

  t.test('an admin pages through the users and searches them', async t => {
    const all = new Set<string>()
    let after = ''
    do {
      const page = (await ask('GET', `/users?first=5${after}`, admin.token)).json()
      for (const user of page.items) all.add(user.id)
      after = page.pageInfo.hasNextPage ? `&after=${page.pageInfo.endCursor}` : ''
    } while (after !== '')
    t.equal(all.size, await deps.database.user.count())
    const found = (await ask('GET', '/users?search=NEW.user', admin.token)).json()
    t.match(found, { totalCount: 1, items: [{ email: 'new.user@lyceum.test' }] })
    t.equal((await ask('GET', '/users?search=%25', admin.token)).json().totalCount, 0)
    t.equal((await ask('GET', '/users?after=nonsense', admin.token)).statusCode, 400)
    t.equal((await ask('GET', '/users?first=101', admin.token)).statusCode, 400)
  })

  t.test('disabling a user and changing a role end the tokens at once', async t => {
    const user = await createUser(testApp)
    t.ok(await isValid(user.token))
    t.match((await ask('PATCH', `/users/${user.userId}`, admin.token, { role: 'INSTRUCTOR' })).json(), {
      role: 'INSTRUCTOR',
    })
    t.notOk(await isValid(user.token))
    const { secret } = await app.identity.signIn(user)
    t.ok(await isValid(secret))
    t.match((await ask('PATCH', `/users/${user.userId}`, admin.token, { disabled: true })).json(), {
      disabled: true,
    })
    t.notOk(await isValid(secret))
    await t.rejects(app.identity.signIn(user), { code: 'SIGN_IN_REFUSED' })
    await ask('PATCH', `/users/${user.userId}`, admin.token, { disabled: false })
    const again = await app.identity.signIn(user)
    await ask('PATCH', `/users/${user.userId}`, admin.token, { disabled: false })
    t.ok(await isValid(again.secret), 'what changes nothing ends nothing')
    t.notOk(await isValid(secret), 'what was revoked stays so')
  })

  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.listeningOrigin
  const newPassword = { newPassword: 'another good password' }
  for (const [what, act] of [
    ['is disabled', user => ask('PATCH', `/users/${user.userId}`, admin.token, { disabled: true })],
    ['gets another role', user => ask('PATCH', `/users/${user.userId}`, admin.token, { role: 'STUDENT' })],
    ['signs out everywhere', user => ask('DELETE', '/sessions', user.token)],
    [
      'changes the password elsewhere',
      async user => {
        const { secret } = await app.identity.signIn(user)
        return ask('POST', '/me/password', secret, { currentPassword: user.password, ...newPassword })
      },
    ],
  ] satisfies [string, (user: TestUser) => Promise<{ statusCode: number }>][]) {
    t.test(`open sockets and streams end when their user ${what}`, async t => {
      const user = await createUser(testApp, { role: 'INSTRUCTOR' })
      const spec = { architecture: 'lenet-5', dataset: 'mnist' }
      const { id } = (await ask('POST', '/runs', user.token, { spec })).json()
      const [overSocket, overHttp] = [
        subscribeToRun(address, user.token, id),
        streamRun(address, user.token, id),
      ]
      t.match(await Promise.all([overSocket.next(), overHttp.next()]), [
        { value: { number: 1, type: 'queued' } },
        { value: { number: 1, type: 'queued' } },
      ])
      const ended = Promise.allSettled([overSocket.next(), overHttp.next()])
      t.match((await act(user)).statusCode, /^20/)
      const [socket, stream] = await ended
      t.match(socket, { status: 'rejected', reason: { code: 4403 } })
      t.not(stream.status === 'fulfilled' && stream.value.done, false, 'no further event')
    })
  }

  t.test('a token gives no more than the role of its user does today', async t => {
    const user = await createUser(testApp, { role: 'INSTRUCTOR' })
    await deps.database.user.update({ where: { id: user.userId }, data: { role: 'STUDENT' } })
    t.strictSame((await createIdentityService(deps.database).authenticate(user.token))?.scopes, [
      'read',
      'learn',
      'train',
    ])
  })

  t.test('there is always an admin who can sign in', async t => {
    for (const payload of [{ role: 'STUDENT' }, { disabled: true }]) {
      const response = await ask('PATCH', `/users/${admin.userId}`, admin.token, payload)
      t.strictSame([response.statusCode, response.json().code], [409, 'LAST_ADMIN'])
    }
    const second = await createUser(testApp, { role: 'ADMIN' })
    const answers = await Promise.all([
      ask('PATCH', `/users/${admin.userId}`, second.token, { role: 'STUDENT' }),
      ask('PATCH', `/users/${second.userId}`, admin.token, { role: 'STUDENT' }),
    ])
    t.strictSame(answers.map(answer => answer.statusCode === 200).sort(), [false, true])
    t.equal(await deps.database.user.count({ where: { role: 'ADMIN', disabledAt: null } }), 1)
  })
})
