import t from 'tap'
import { startTestApp } from '../support/app.js'
import { createUser } from '../support/users.js'

t.test('who is asking', async t => {
  const testApp = await startTestApp(t)
  const { app } = testApp

  t.test('a user who signed in is known by the token', async t => {
    const user = await createUser(testApp, { role: 'INSTRUCTOR' })
    const actor = await app.identity.authenticate(user.token)
    t.match(actor, { kind: 'user', userId: user.userId, role: 'INSTRUCTOR', tokenKind: 'SESSION' })
    t.strictSame(actor?.scopes, ['read', 'learn', 'train', 'author'])
  })

  t.test('a bearer token that is not valid is refused', async t => {
    const response = await app.inject({
      url: '/healthz',
      headers: { authorization: `Bearer lyc_${'x'.repeat(43)}` },
    })
    t.strictSame([response.statusCode, response.json().code], [401, 'TOKEN_INVALID'])
  })
})
