import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import * as ledger from '../../src/training/runs/run-ledger.js'
import { createUser, type TestUser } from '../support/users.js'
import { modelFileText, openUniversity } from './university.js'

const failure = { code: 'DIVERGED', message: 'No number.', hint: 'Go slower.', fault: 'spec' } as const
const step = (n: number) => ({
  type: 'step' as const,
  ...{ epoch: 1, step: n, loss: 1, accuracy: 0.5, imagesPerSecond: 10 },
})

t.test('the life of a run', async t => {
  const university = await openUniversity(t)
  const { app, deps, instructor, get, post, remove, ask, launch, begin, succeed } = university
  const { database, storage } = deps
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { headers } = instructor
  const cancel = (id: string) => post(`/runs/${id}/cancel`, headers)
  const statusOf = async (id: string) => (await get(`/runs/${id}`, headers)).json().status
  const endedRun = async (status: string) => {
    const id = await launch()
    if (status === 'SUCCEEDED') await succeed(id)
    if (status === 'CANCELLED') await cancel(id)
    if (status === 'FAILED') await ledger.finishRun(database, await begin(id), { status, failure })
    return id
  }

  const openStream = async (runId: string, user: TestUser, more: Record<string, string> = {}) => {
    const { port } = app.server.address() as AddressInfo
    const path = `/api/v1/runs/${runId}/events`
    const request = httpGet({ port, host: '127.0.0.1', path, headers: { ...user.headers, ...more } })
    const [response]: IncomingMessage[] = await once(request, 'response')
    if (response === undefined) throw new Error('no response')
    return response.setEncoding('utf8')
  }
  const readAll = async (response: IncomingMessage) => {
    let text = ''
    for await (const chunk of response) text += chunk
    return [...text.matchAll(/^id: (\d+)\nevent: (\w+)$/gm)].map(match => `${match[1]} ${match[2]}`)
  }

  await t.test('one that waits is cancelled at once and leaves the queue alone', async t => {
    const id = await launch()
    t.match((await cancel(id)).json(), { status: 'CANCELLED', finishedAt: /./, cancelRequestedAt: /./ })
    t.equal(await ledger.claimAttempt(database, { runId: id, attempt: 1, workerId: 'w' }), false)
  })

  await t.test('one that a worker has is asked to end, once', async t => {
    const id = await launch()
    const key = await begin(id)
    const asked = (await cancel(id)).json()
    t.match(asked, { status: 'STARTING', cancelRequestedAt: /./ })
    t.equal((await cancel(id)).json().cancelRequestedAt, asked.cancelRequestedAt)
    t.equal(await ledger.heartbeat(database, key), 'cancel')
    await ledger.finishRun(database, key, { status: 'CANCELLED' })
    t.equal(await statusOf(id), 'CANCELLED')
  })

  await t.test('one that waits is paused at once, leaves the queue alone, and waits again', async t => {
    const id = await launch()
    t.match((await post(`/runs/${id}/resume`, headers)).json(), { status: 409, code: 'RUN_NOT_PAUSED' })
    t.match((await post(`/runs/${id}/pause`, headers)).json(), { status: 'PAUSED', attempt: 1 })
    t.match((await post(`/runs/${id}/pause`, headers)).json(), { status: 'PAUSED' }, 'once more is no error')
    t.equal(await ledger.claimAttempt(database, { runId: id, attempt: 1, workerId: 'w' }), false)
    t.match((await remove(`/runs/${id}`, headers)).json(), { code: 'RUN_NOT_ENDED' })
    const mutation = `mutation { resumeRun(id: "${id}") { status attempt checkpoints { step } } }`
    const resumed = { resumeRun: { status: 'QUEUED', attempt: 2, checkpoints: [] } }
    t.strictSame((await ask(mutation, headers)).data, resumed)
    t.equal(await ledger.claimAttempt(database, { runId: id, attempt: 2, workerId: 'w' }), true)
    t.match((await ask(`mutation { pauseRun(id: "${id}") { status pauseRequestedAt } }`, headers)).data, {
      pauseRun: { status: 'STARTING', pauseRequestedAt: String },
    })
    await cancel(id)
    t.match((await post(`/runs/${id}/pause`, headers)).json(), { code: 'RUN_NOT_PAUSABLE' })
  })

  await t.test('its curve is the same over both faces, and refuses no sense', async t => {
    const id = await launch()
    await ledger.appendEvents(database, await begin(id), [step(1), step(2)])
    const points = (await get(`/runs/${id}/curve`, headers)).json()
    const query = `{ trainingRun(id: "${id}") { curve { steps { step loss accuracy } epochs { epoch } } } }`
    const { trainingRun } = (await ask(query, headers)).data
    t.match(points, trainingRun.curve)
    t.ok(points.steps.length > 0)
    t.match((await get(`/runs/${id}/curve?maxPoints=1`, headers)).json(), {
      status: 400,
      code: 'INVALID_INPUT',
    })
  })

  for (const status of ['SUCCEEDED', 'FAILED', 'CANCELLED']) {
    await t.test(`one that has ${status.toLowerCase()} stays so, and can be deleted`, async t => {
      const id = await endedRun(status)
      t.match((await cancel(id)).json(), { status: 409, code: 'RUN_HAS_ENDED' })
      const mutation = `mutation { cancelRun(id: "${id}") { id } }`
      t.match(await ask(mutation, headers), { errors: [{ extensions: { code: 'RUN_HAS_ENDED' } }] })
      const key = { runId: id, attempt: 1 }
      t.equal(await ledger.appendEvents(database, key, [step(1)]), false)
      t.equal(await ledger.requeueRun(database, key, 'late'), false)
      t.equal(await statusOf(id), status)
      t.equal((await remove(`/runs/${id}`, headers)).statusCode, 204)
      t.match((await remove(`/runs/${id}`, headers)).json(), { status: 404, code: 'NOT_FOUND' })
      t.equal(await database.runEvent.count({ where: { runId: id } }), 0)
    })
  }

  await t.test('one that has not ended is not deleted', async t => {
    const id = await launch()
    const refused = async () => {
      t.match((await remove(`/runs/${id}`, headers)).json(), { status: 409, code: 'RUN_NOT_ENDED' })
      const mutation = `mutation { deleteRun(id: "${id}") }`
      t.match(await ask(mutation, headers), { errors: [{ extensions: { code: 'RUN_NOT_ENDED' } }] })
    }
    await refused()
    await begin(id)
    await refused()
    t.equal(await statusOf(id), 'STARTING')
  })

  await t.test('its model is there when it has succeeded, and gone when it is deleted', async t => {
    const waiting = await launch()
    const file = (id: string) => get(`/runs/${id}/model/model.json`, headers)
    t.match((await file(waiting)).json(), { status: 409, code: 'RUN_MODEL_MISSING' })
    const image = { format: 'pixels', pixels: [[0, 255]] }
    const predict = (id: string, body: object) => post(`/runs/${id}/predictions`, headers, body)
    t.match((await predict(waiting, { image })).json(), { status: 409, code: 'RUN_MODEL_MISSING' })

    const id = await endedRun('SUCCEEDED')
    t.equal((await file(id)).body, modelFileText)
    t.match((await get(`/runs/${id}/model/..%2Fsecret`, headers)).json(), {
      status: 400,
      code: 'INVALID_INPUT',
    })
    t.match((await get(`/runs/${id}/model/weights.bin`, headers)).json(), { code: 'RUN_MODEL_MISSING' })
    for (const body of [
      {},
      { image: { format: 'gif' } },
      { image: { ...image, pixels: [[256]] } },
      { image: { ...image, pixels: [] } },
    ]) {
      t.match((await predict(id, body)).json(), { status: 400, code: 'INVALID_INPUT' })
    }
    const batch = (of: string, images: object[]) => post(`/runs/${of}/predictions/batch`, headers, { images })
    t.match((await batch(waiting, [image])).json(), { status: 409, code: 'RUN_MODEL_MISSING' })
    const tooMany = { code: 'INVALID_INPUT', problems: [{ path: /images$/, message: /at most 32 images/ }] }
    const images = Array.from({ length: 33 }, () => image)
    t.match((await batch(id, images)).json(), { status: 400, ...tooMany })
    t.match((await batch(id, [])).json(), { status: 400, code: 'INVALID_INPUT' })
    t.match((await batch(id, [image, { ...image, pixels: [[256]] }])).json(), {
      problems: [{ path: /images.1.pixels.0.0$/ }],
    })
    const mutation = `mutation ($id: ID!, $images: [PredictionImageInput!]!) {
      predictBatch(runId: $id, images: $images) { index classes { name } problem }
    }`
    t.match(await ask(mutation, headers, { id, images }), { errors: [{ extensions: tooMany }] })
    await remove(`/runs/${id}`, headers)
    t.equal(await storage.open(`runs/${id}/1/model.json`), undefined)
    t.match((await file(id)).json(), { status: 404, code: 'NOT_FOUND' })
  })

  await t.test(
    'its stream gives every event in order and once, and goes on after the last one seen',
    async t => {
      const runId = await launch()
      const stream = await openStream(runId, instructor)
      t.match(stream.headers['content-type'], /^text\/event-stream/)
      const received = readAll(stream)
      const key = await begin(runId)
      for (const n of [1, 2, 3]) await ledger.appendEvents(database, key, [step(2 * n - 1), step(2 * n)])
      await ledger.finishRun(database, key, { status: 'CANCELLED' })
      const steps = [3, 4, 5, 6, 7, 8].map(n => `${n} step`)
      t.strictSame(await received, ['1 queued', '2 starting', ...steps, '9 cancelled'])
      const resumed = await openStream(runId, instructor, { 'last-event-id': '6' })
      t.strictSame(await readAll(resumed), ['7 step', '8 step', '9 cancelled'])
      t.equal((await openStream(runId, instructor, { 'last-event-id': '9' })).statusCode, 204)
      const { items } = (await get(`/runs/${runId}/history?after=7`, headers)).json()
      t.match(items, [
        { number: 8, event: { type: 'step' } },
        { number: 9, event: { type: 'cancelled' } },
      ])
      for (const query of ['after=-1', 'first=0', 'first=1001', 'after=x']) {
        t.match((await get(`/runs/${runId}/history?${query}`, headers)).json(), { code: 'INVALID_INPUT' })
      }
    },
  )

  await t.test('its stream ends when the run is deleted, and when its reader is signed out', async t => {
    const id = await launch()
    const leaving = await createUser(university, { role: 'INSTRUCTOR' })
    const theirs = readAll(await openStream(await launch(leaving), leaving))
    await app.identity.signOutEverywhere(
      (await app.identity.authenticate(leaving.token)) ?? { kind: 'anonymous' },
    )
    // Whether the first event went out before is a matter of time; that the stream ends is not.
    t.ok((await theirs).length <= 1)
    const received = readAll(await openStream(id, instructor))
    await database.trainingRun.delete({ where: { id } })
    await database.$executeRaw`SELECT pg_notify('run_events', ${id})`
    t.ok((await received).length <= 1)
  })
})
