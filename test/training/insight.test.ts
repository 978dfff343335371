import t from 'tap'
import { createUser } from '../support/users.js'
import { testRecord } from './insight/record.js'
import { testRerun } from './insight/rerun.js'
import { openUniversity } from './university.js'

t.test('insight', async t => {
  const university = await openUniversity(t)
  const stranger = await createUser(university, { role: 'INSTRUCTOR' })
  const student = await createUser(university)
  const parts = { ...university, stranger, student }
  await t.test('a run again', t => testRerun(t, parts))
  await t.test('tags, notes and a name', t => testRecord(t, parts))
})
