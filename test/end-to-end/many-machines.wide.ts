import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { z } from 'zod'
import { type SeenEvent, streamRun, subscribeToRun } from '../support/clients.js'
import { mnistDigit } from '../support/mnist-digits.js'
import { startLyceum } from '../support/processes.js'
import { startRedis, withRedis } from '../support/redis.js'
import { childrenOf, withoutGaps } from '../support/runs.js'
import { openClient, openUniversity } from './university.js'

t.setTimeout(300_000)

// Each process with a home of its own, as on a machine of its own: only database, queue and storage are shared.
t.test('with several API processes and several workers', withRedis, async t => {
  const redis = await startRedis(t)
  const homes = t.testdir({ api: {}, one: {}, two: {}, storage: {} })
  const shared = { REDIS_URL: redis.url, LYCEUM_STORAGE: `${homes}/storage`, LYCEUM_ENGINE: 'wasm' }
  const { env, instructor, address: first, startWorker } = await openUniversity(t, shared)
  const other = await startLyceum(t, ['server'], { ...env, LYCEUM_HOME: `${homes}/api` })
  const second = `http://127.0.0.1:${z.object({ port: z.number() }).parse(other.ready).port}`
  const workers = await Promise.all(
    ['one', 'two'].map(name => startWorker({ LYCEUM_HOME: `${homes}/${name}` })),
  )
  const { token } = (await openClient(first).send('POST', '/api/v1/session', instructor)).json
  const headers = { authorization: `Bearer ${token}` }
  const at = [openClient(first, headers), openClient(second, headers)] as const
  const launch = async (client: 0 | 1, spec: object, idempotencyKey = randomUUID()): Promise<string> => {
    const input = {
      labId: 'dlb-cnn-lab',
      idempotencyKey,
      spec: { trainingImages: 1_000, engine: 'wasm', ...spec },
    }
    const { status, json } = await at[client].send('POST', '/api/v1/runs', input)
    t.equal(status, 201, JSON.stringify(json))
    return json.id
  }
  const runBecomes = async (client: 0 | 1, id: string, status: string) => {
    for (;;) {
      const run = (await at[client].get(`/api/v1/runs/${id}`)).json
      if (run.status === status) return run
      if (run.status === 'FAILED') throw new Error(JSON.stringify(run.failure))
      await sleep(100)
    }
  }
  const read = async (events: AsyncIterable<SeenEvent>) => {
    const all: SeenEvent[] = []
    for await (const event of events) all.push(event)
    return all
  }

  await t.test('a launch that is sent to both is one run', async t => {
    const key = randomUUID()
    const ids = await Promise.all([launch(0, { epochs: 1 }, key), launch(1, { epochs: 1 }, key)])
    t.equal(ids[0], ids[1])
    await runBecomes(1, ids[0], 'SUCCEEDED')
  })

  await t.test('runs are shared out, and each is watched wherever one likes, without a gap', async t => {
    const ids = await Promise.all([launch(0, { epochs: 3 }), launch(1, { epochs: 3 })])
    const seen = await Promise.all(
      ids.flatMap(id => [read(streamRun(second, token, id)), read(subscribeToRun(first, token, id))]),
    )
    for (const [index, events] of seen.entries()) {
      t.strictSame(
        events.map(({ number }) => number),
        withoutGaps(events),
      )
      t.equal(events.at(-1)?.type, 'finished')
      t.strictSame(events, seen[index - (index % 2)], 'the same on both')
    }
    const [one, two] = await Promise.all(ids.map(id => runBecomes(0, id, 'SUCCEEDED')))
    const startedBy = seen.map(events => events.find(({ type }) => type === 'starting')?.data.worker)
    t.not(startedBy[0], startedBy[2], 'each by a worker of its own')
    t.strictSame([one.attempt, two.attempt], [1, 1])
  })

  await t.test('a cancel at one is heard by those who watch at the other', async t => {
    const id = await launch(0, { epochs: 50 })
    const watching = read(streamRun(first, token, id))
    await runBecomes(1, id, 'RUNNING')
    t.equal((await at[1].send('POST', `/api/v1/runs/${id}/cancel`)).status, 200)
    t.equal((await watching).at(-1)?.type, 'cancelled')
  })

  await t.test('a run whose machine dies is finished on another, and its model used from both', async t => {
    const id = await launch(1, { epochs: 6 })
    for await (const { type } of streamRun(second, token, id)) if (type === 'checkpoint') break
    const { json: history } = await at[0].get(`/api/v1/runs/${id}/history?first=10`)
    const worker: string = history.items
      .map(({ event }: { event: { type: string; worker: string } }) => event)
      .find(({ type }: { type: string }) => type === 'starting').worker
    // The command line starts the worker as a process of its own.
    const lost = workers
      .flatMap(({ process }) => childrenOf(process.pid))
      .find(pid => worker.includes(`-${pid}-`))
    if (lost === undefined) throw new Error(`${worker} is none of these workers`)
    process.kill(lost, 'SIGKILL')
    t.match(await runBecomes(0, id, 'SUCCEEDED'), { attempt: 2 })

    const models = await Promise.all(at.map(client => client.get(`/api/v1/runs/${id}/model/model.json`)))
    t.strictSame(
      models.map(({ status }) => status),
      [200, 200],
    )
    t.equal(models[0]?.text, models[1]?.text)
    const { pixels } = mnistDigit(0)
    for (const client of at) {
      const predicted = await client.send('POST', `/api/v1/runs/${id}/predictions`, {
        image: { format: 'pixels', pixels },
      })
      t.equal(predicted.status, 200, predicted.text)
    }
  })

  await t.test('one API process may end while the other answers', async t => {
    t.equal(await other.stop(), 0)
    t.equal((await at[0].get('/readyz')).status, 200)
    await runBecomes(0, await launch(0, { epochs: 1 }), 'SUCCEEDED')
  })
})
