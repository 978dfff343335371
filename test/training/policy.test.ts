import t from 'tap'
import type { Scope } from '../../src/identity/contract.js'
import { mayCancelRun, mayManageRun, maySeeRun, requireUploader } from '../../src/training/policy.js'

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

t.test('a run is changed and deleted by its owner and admins alone', async t => {
  const run = { ownerId: 'owner', courseOwnerId: 'teacher' }
  t.ok(mayManageRun(user('INSTRUCTOR', 'owner'), run))
  t.ok(mayManageRun(user('ADMIN', 'else', ['admin']), run))
  t.notOk(mayManageRun(user('INSTRUCTOR', 'teacher'), run))
  t.notOk(mayManageRun(user('ADMIN', 'else'), run))
})

t.test('a run within the budget of a course is cancelled by its instructor too', async t => {
  const run = { ownerId: 'owner', courseOwnerId: 'teacher', isBudgeted: true }
  t.ok(mayCancelRun(user('STUDENT', 'owner'), run))
  t.ok(mayCancelRun(user('INSTRUCTOR', 'teacher'), run))
  t.notOk(mayCancelRun(user('INSTRUCTOR', 'teacher'), { ...run, isBudgeted: false }))
  t.notOk(mayCancelRun(user('INSTRUCTOR', 'else'), run))
  t.notOk(mayCancelRun(user('STUDENT', 'teacher'), run), 'who was an instructor once')
})

t.test('a student brings no dataset or model, whatever the token says', async t => {
  t.throws(() => requireUploader(user('STUDENT', 's')), { code: 'FORBIDDEN' })
  t.throws(() => requireUploader({ kind: 'anonymous' }), { code: 'UNAUTHENTICATED' })
  t.equal(requireUploader(user('INSTRUCTOR', 'i')).userId, 'i')
})
