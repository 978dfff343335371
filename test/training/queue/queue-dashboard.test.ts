import t from 'tap'
import { z } from 'zod'
import { predictionQueue } from '../../../src/training/contract.js'
import { forEachBackend } from '../../support/backends.js'
import { createUser } from '../../support/users.js'
import { openUniversity } from '../university.js'

const base = '/admin/queues'
const board = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      readOnlyMode: z.boolean(),
      counts: z.record(z.string(), z.number()),
      jobs: z.array(z.object({ id: z.string(), data: z.unknown() })),
    }),
  ),
})

t.test('The dashboard of the queues', t =>
  forEachBackend(t, async (t, { name, env }) => {
    const university = await openUniversity(t, env)
    const { app, deps, instructor, launch, post } = university
    const admin = await createUser(university, { role: 'ADMIN' })
    const get = (url: string, headers: Record<string, string> = admin.headers) =>
      app.inject({ url: `${base}${url}`, headers })
    const see = async (query: string) => board.parse((await get(`/api/queues?${query}`)).json()).queues

    await t.test('shows an admin the job of a run, and whose it is not', async t => {
      const runId = await launch()
      const queues = await see('activeQueue=training-cpu')
      t.strictSame(
        queues.map(queue => queue.name),
        ['training-cpu', 'training-gpu', 'datasets', 'predictions', 'exports'],
      )
      t.ok(queues.every(queue => queue.readOnlyMode))
      const [cpu] = queues
      t.strictSame(cpu?.jobs, [{ id: `${runId}-1`, data: { runId, attempt: 1 } }])
      t.equal(
        Object.values(cpu?.counts ?? {}).reduce((sum, count) => sum + count, 0),
        1,
      )
      const job = await get(`/api/queues/training-cpu/${runId}-1`)
      t.match(job.json(), { job: { data: { runId, attempt: 1 } } })
      const other = await get('/api/queues?activeQueue=training-cpu&jobsPerPage=5000')
      t.match([other.statusCode, other.json().code], [400, 'INVALID_INPUT'])
      t.equal((await get('/api/redis/stats')).json().backend, name)
    })

    await t.test('keeps to itself what somebody sends to be recognised', async t => {
      const question = { kind: 'predict', images: [{ format: 'png', data: 'aSBhbSBhIHNlY3JldA==' }] }
      await deps.courier.queue(predictionQueue).add('asked', { runId: 'r', question })
      const response = await get(`/api/queues?activeQueue=${predictionQueue}`)
      t.match(response.json().queues[3].jobs, [{ id: 'asked', data: { runId: 'r' } }])
      t.notOk(response.body.includes('aSBhbSBh'))
    })

    await t.test('is a page that finds its parts here and nowhere else', async t => {
      const page = await get('')
      t.equal(page.statusCode, 200)
      t.match(page.headers['content-type'], /^text\/html/)
      t.match(
        page.headers['content-security-policy'],
        /^default-src 'none'; script-src 'self';.*base-uri 'self'/,
      )
      t.notMatch(page.body, /<%|https?:/)
      t.match(page.body, `<base href="${base}/"`)
      const parts = [...page.body.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, part]) => part)
      t.ok(parts.length >= 5)
      for (const part of parts) t.equal((await get(`/${part}`)).statusCode, 200, `${part}`)
      t.equal((await get('/queue/training-cpu')).body, page.body)
    })

    await t.test('is for admins alone, by their cookie or a token that may do all', async t => {
      const student = await createUser(university)
      for (const url of ['', '/api/queues', '/api/redis/stats', '/static/favicon-32x32.png']) {
        t.equal((await get(url, {})).statusCode, 401, `${url} anonymous`)
        for (const { headers } of [student, instructor])
          t.equal((await get(url, headers)).statusCode, 403, url)
      }
      t.match((await get('', {})).json(), { code: 'UNAUTHENTICATED' })
      t.match((await get('', student.headers)).json(), { code: 'SCOPE_REQUIRED' })
      const { email, password } = admin
      const signedIn = await post('/session', {}, { email, password, delivery: 'cookie' })
      const [cookie] = signedIn.cookies
      t.equal((await get('', { cookie: `${cookie?.name}=${cookie?.value}` })).statusCode, 200)
    })

    await t.test('changes nothing', async t => {
      const before = await see('activeQueue=training-cpu')
      const id = before[0]?.jobs[0]?.id
      for (const [method, url] of [
        ['PUT', '/api/queues/pause'],
        ['PUT', '/api/queues/training-cpu/empty'],
        ['PUT', '/api/queues/training-cpu/obliterate'],
        ['POST', '/api/queues/training-cpu/add'],
        ['PUT', `/api/queues/training-cpu/${id}/clean`],
        ['PATCH', `/api/queues/training-cpu/${id}/update-data`],
        ['DELETE', '/api/queues/training-cpu'],
      ] as const) {
        const payload = method === 'DELETE' ? {} : { payload: {} }
        const response = await app.inject({
          method,
          url: `${base}${url}`,
          headers: admin.headers,
          ...payload,
        })
        t.equal(response.statusCode, 404, `${method} ${url}`)
      }
      t.strictSame(await see('activeQueue=training-cpu'), before)
    })
  }),
)
