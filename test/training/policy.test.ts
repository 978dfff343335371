import t from 'tap'
import type { Scope } from '../../src/identity/contract.js'
import { mayManageRun, maySeeRun, requireLauncher } from '../../src/training/policy.js'

const user = (
  role: 'STUDENT' | 'INSTRUCTOR' | 'ADMIN',
  userId: string,
  scopes: readonly Scope[] = ['read', 'train'],
) => ({
  kind: 'user' as const,
  userId,
  role,
  scopes,
  tokenId: 'token',
  tokenKind: 'SESSION' as const,
  tokenExpiresAt: new Date('2030-01-01'),
})

t.test('a run is seen by its owner, the instructor of its course and admins', async t => {
  const run = { ownerId: 'owner', courseOwnerId: 'teacher' }
  t.ok(maySeeRun(user('INSTRUCTOR', 'owner'), run))
  t.ok(maySeeRun(user('INSTRUCTOR', 'teacher'), run))
  t.ok(maySeeRun(user('ADMIN', 'else', ['read', 'admin']), run))
  t.notOk(maySeeRun(user('ADMIN', 'else'), run), 'not with a token that was made for less')
  t.notOk(maySeeRun(user('INSTRUCTOR', 'else'), run))
  t.notOk(maySeeRun(user('STUDENT', 'teacher'), run))
})

t.test('a run is cancelled and deleted by its owner and admins alone', async t => {
  const run = { ownerId: 'owner', courseOwnerId: 'teacher' }
  t.ok(mayManageRun(user('INSTRUCTOR', 'owner'), run))
  t.ok(mayManageRun(user('ADMIN', 'else', ['admin']), run))
  t.notOk(mayManageRun(user('INSTRUCTOR', 'teacher'), run))
  t.notOk(mayManageRun(user('ADMIN', 'else'), run))
})

t.test('a student can not launch, whatever the token says', async t => {
  t.throws(() => requireLauncher(user('STUDENT', 's')), { code: 'FORBIDDEN' })
  t.throws(() => requireLauncher({ kind: 'anonymous' }), { code: 'UNAUTHENTICATED' })
  t.equal(requireLauncher(user('INSTRUCTOR', 'i')).userId, 'i')
})
