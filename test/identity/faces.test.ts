import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ensureDemoAccounts } from '../../src/identity/demo-accounts.js'
import { TokenCache } from '../../src/identity/token-cache.js'
import { startTestApp } from '../support/app.js'
import { createUser } from '../support/users.js'

t.test('identity over GraphQL', async t => {
  const testApp = await startTestApp(t, { LYCEUM_SIGN_IN_LIMIT: '4' })
  const { app } = testApp
  const admin = await createUser(testApp, { role: 'ADMIN' })
  const user = await createUser(testApp)
  const ask = (query: string, variables: object = {}, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/graphql', headers, payload: { query, variables } })
  const signIn =
    'mutation ($input: SignInInput!) { signIn(input: $input) { token csrfToken user { email } } }'

  t.test('nobody is null, and a user is told who asks', async t => {
    t.strictSame((await ask('{ me { id } }')).json().data, { me: null })
    const response = await ask('{ me { id role disabled } tokens { kind current } }', {}, user.headers)
    t.strictSame(response.json().data, {
      me: { id: user.userId, role: 'STUDENT', disabled: false },
      tokens: [{ kind: 'SESSION', current: true }],
    })
  })

  t.test('a browser signs in with a cookie and needs the CSRF token', async t => {
    const input = { email: user.email, password: user.password, delivery: 'cookie' }
    const response = await ask(signIn, { input })
    const { csrfToken, token } = response.json().data.signIn
    t.equal(token, null)
    const cookies = { lyceum_session: response.cookies[0]?.value ?? '' }
    const signOut = (headers: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: '/graphql',
        cookies,
        headers,
        payload: { query: 'mutation { signOut }' },
      })
    const refused = await signOut({})
    t.equal(refused.statusCode, 403)
    t.match(refused.json(), { errors: [{ extensions: { code: 'CSRF_REFUSED' } }] })
    t.match((await app.inject({ url: '/api/v1/session', cookies })).json(), { userId: user.userId })
    t.strictSame((await signOut({ 'x-csrf-token': csrfToken })).json().data, { signOut: true })
  })

  t.test('input is parsed as on the other face', async t => {
    const mutation = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }'
    const input = { currentPassword: user.password, newPassword: 'short' }
    const [error] = (await ask(mutation, { input }, user.headers)).json().errors
    t.match(error, { message: /input\.newPassword.*12 characters/, extensions: { code: 'INVALID_INPUT' } })
  })

  t.test('a student does not look after users, an admin does', async t => {
    const list = '{ users(first: 1) { totalCount edges { node { email } } pageInfo { hasNextPage } } }'
    t.equal((await ask(list, {}, user.headers)).json().errors[0].extensions.code, 'SCOPE_REQUIRED')
    t.strictSame((await ask(list, {}, admin.headers)).json().data.users, {
      totalCount: 2,
      edges: [{ node: { email: admin.email } }],
      pageInfo: { hasNextPage: true },
    })
    const disable = `mutation { setUserDisabled(id: "${user.userId}", disabled: true) { disabled } }`
    t.strictSame((await ask(disable, {}, admin.headers)).json().data, { setUserDisabled: { disabled: true } })
    t.equal(await app.identity.authenticate(user.token), undefined)
  })

  t.test('attempts to sign in are counted on both faces together', async t => {
    const input = { email: admin.email, password: 'not the password' }
    const codes: string[] = []
    for (let n = 0; n < 5; n++) codes.push((await ask(signIn, { input })).json().errors[0].extensions.code)
    t.equal(codes[0], 'SIGN_IN_REFUSED')
    t.equal(codes.at(-1), 'TOO_MANY_SIGN_INS')
    const rest = await app.inject({ method: 'POST', url: '/api/v1/session', payload: input })
    t.equal(rest.statusCode, 429)
  })
})

t.test('the demo accounts', async t => {
  const { app, deps } = await startTestApp(t)
  const config = { embedded: true, home: deps.config.home }
  const file = join(config.home, 'demo-accounts.json')

  t.test('exist only on the embedded database', async t => {
    t.strictSame(await ensureDemoAccounts(deps.database, { ...config, embedded: false }), [])
    t.equal(await deps.database.user.count(), 0)
  })

  t.test('sign in with the passwords of a file that only its owner reads', async t => {
    const accounts = await ensureDemoAccounts(deps.database, config)
    t.strictSame(
      accounts.map(account => [account.role, account.email]),
      [
        ['STUDENT', 'student@lyceum.local'],
        ['INSTRUCTOR', 'instructor@lyceum.local'],
        ['ADMIN', 'admin@lyceum.local'],
      ],
    )
    for (const account of accounts)
      t.match(await app.identity.signIn(account), { user: { role: account.role } })
    t.equal((await stat(file)).mode & 0o777, 0o600)
    t.strictSame(JSON.parse(await readFile(file, 'utf8')), accounts)
    t.strictSame(await ensureDemoAccounts(deps.database, config), accounts)
  })

  t.test('get new passwords where the file is lost, and their old tokens end', async t => {
    const [before] = await ensureDemoAccounts(deps.database, config)
    const { secret } = await app.identity.signIn(before ?? { email: '', password: '' })
    await rm(file)
    const [after] = await ensureDemoAccounts(deps.database, config)
    t.not(after?.password, before?.password)
    await t.resolves(app.identity.signIn(after ?? { email: '', password: '' }))
    await t.rejects(app.identity.signIn(before ?? { email: '', password: '' }), { code: 'SIGN_IN_REFUSED' })
    t.equal(await app.identity.authenticate(secret), undefined)
    t.equal(await deps.database.user.count(), 3)
  })
})

t.test('a look-up that a revocation overtakes is not kept', async t => {
  const cache = new TokenCache()
  const actor = {
    kind: 'user',
    userId: 'u',
    role: 'STUDENT',
    scopes: ['read'],
    tokenId: 't',
    tokenKind: 'SESSION',
    tokenExpiresAt: new Date(),
  } as const
  await cache.keep('hash', async () => {
    cache.drop('t')
    return { actor, validForMs: 60_000 }
  })
  t.equal(cache.find('hash'), undefined)
  await cache.keep('hash', async () => ({ actor, validForMs: 60_000 }))
  t.equal(cache.find('hash'), actor)
  cache.drop('t')
  t.equal(cache.find('hash'), undefined)
  await cache.keep('hash', async () => ({ actor, validForMs: 0 }))
  t.equal(cache.find('hash'), undefined)
})
