import type { Test } from 'tap'
import { createUser } from '../../support/users.js'
import type { Parts } from './parts.js'

export async function testRecord(t: Test, { owner, instructor, stranger, student, ...parts }: Parts) {
  const { app, ask, launch } = parts
  const id = await launch(instructor, { labId: 'tea-lab' })
  const patch = async (payload: object, { headers } = instructor, run = id) =>
    (await app.inject({ method: 'PATCH', url: `/api/v1/runs/${run}`, headers, payload })).json()

  await t.test('are set one by one, and taken away again', async t => {
    t.match(await patch({ tags: ['week 3', ' Übung ', 'week 3'] }), {
      tags: ['week 3', 'Übung'],
      notes: null,
    })
    t.match(await patch({ notes: ' The *first*. ' }), { tags: ['week 3', 'Übung'], notes: 'The *first*.' })
    t.match(await patch({ name: 'Mine' }), { name: 'Mine', notes: 'The *first*.' })
    t.match(await patch({ tags: [], notes: null }), { name: 'Mine', tags: [], notes: null })
  })

  await t.test('are safe HTML over GraphQL', async t => {
    const query = `mutation ($input: UpdateRunInput!) { updateRun(input: $input) { name tags notes { markdown html } } }`
    const notes =
      'It *works* <script>alert(1)</script> [x](javascript:alert(1)) $x^2$ ![](https://example.org/a.png)'
    const { updateRun } = (await ask(query, instructor.headers, { input: { runId: id, notes } })).data
    t.equal(updateRun.notes.markdown, notes)
    t.match(updateRun.notes.html, /<em>works<\/em>.*<math/s)
    t.notMatch(updateRun.notes.html, /<script|<img|href="javascript/)
    t.match(await ask(query, instructor.headers, { input: { runId: id, tags: ['<b>'] } }), {
      errors: [{ message: /^input.tags.0/, extensions: { code: 'INVALID_INPUT' } }],
    })
  })

  await t.test('are bounded', async t => {
    for (const [body, place] of [
      [{}, /must have a name, tags or notes/],
      [{ name: ' ' }, /name/],
      [{ name: 'a\0' }, /name/],
      [{ name: 'n'.repeat(101) }, /name/],
      [{ tags: Array.from({ length: 21 }, (_, n) => `tag ${n}`) }, /tags/],
      [{ tags: ['t'.repeat(41)] }, /tags.0/],
      [{ tags: ['-'] }, /tags.0.*must begin with a letter/],
      [{ notes: 'n'.repeat(10_001) }, /notes/],
      [{ notes: '\ud800' }, /notes/],
      [{ status: 'SUCCEEDED' }, /status/],
    ] as const) {
      t.match(await patch(body), { status: 400, code: 'INVALID_INPUT', detail: place })
    }
  })

  await t.test('are for the owner and admins', async t => {
    const admin = await createUser(parts, { role: 'ADMIN' })
    t.match(await patch({ name: 'Theirs' }, admin), { name: 'Theirs' })
    t.match(await patch({ name: 'No' }, owner), { status: 403, code: 'FORBIDDEN' }, 'who only sees it')
    t.match(await patch({ name: 'No' }, stranger), { status: 404, code: 'NOT_FOUND' })
    t.match(await patch({ name: 'No' }, student), { status: 404, code: 'NOT_FOUND' })
  })
}
