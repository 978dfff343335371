import t from 'tap'
import type { StoredEvent } from '../../src/training/runs/run-feed.js'
import { eventMessage, serverSentEvents } from '../../src/training/runs/server-sent-events.js'
import { createUser } from '../support/users.js'
import { openUniversity } from './university.js'

t.test('a silent stream is kept open by comments, and each event is a message with its number', async t => {
  let speak = () => {}
  const spoken = new Promise<void>(resolve => {
    speak = resolve
  })
  let ended = false
  async function* events(): AsyncGenerator<StoredEvent, void, undefined> {
    try {
      await spoken
      yield { number: 7, attempt: 1, createdAt: new Date(0), event: { type: 'queued', attempt: 1 } }
    } finally {
      ended = true
    }
  }
  const chunks: string[] = []
  for await (const chunk of serverSentEvents(events(), eventMessage, 1)) {
    chunks.push(chunk)
    if (chunks.length === 3) speak()
  }
  t.equal(chunks[0], 'retry: 1000\n\n')
  t.strictSame(chunks.slice(1, 3), [': still here\n\n', ': still here\n\n'])
  t.match(chunks.at(-1), /^id: 7\nevent: queued\ndata: \{"number":7,.*\}\n\n$/)
  t.ok(ended)
})

t.test("a stream ends when its reader's token expires", async t => {
  const university = await openUniversity(t)
  const { app, deps, launch } = university
  const leaving = await createUser(university, { role: 'INSTRUCTOR' })
  const runId = await launch(leaving)
  const { secret } = await app.identity.signIn({ email: leaving.email, password: leaving.password })
  // The token was never used yet, so that nobody remembers another expiry.
  await deps.database.$executeRaw`
    UPDATE tokens SET "expiresAt" = now() + interval '2 seconds'
    WHERE id = (SELECT id FROM tokens ORDER BY "createdAt" DESC LIMIT 1)`
  const response = await app.inject({
    url: `/api/v1/runs/${runId}/events`,
    headers: { authorization: `Bearer ${secret}` },
  })
  t.equal(response.statusCode, 200)
  t.match(response.body, /^id: 1\nevent: queued$/m)
})
