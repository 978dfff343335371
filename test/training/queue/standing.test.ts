import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Actor } from '../../../src/identity/contract.js'
import { createStandingService } from '../../../src/training/queue/standing-service.js'
import { announceWorker } from '../../../src/training/queue/worker-ledger.js'
import { createUser } from '../../support/users.js'
import { openUniversity, spec } from '../university.js'

t.test('where a run stands', async t => {
  const university = await openUniversity(t, { LYCEUM_RUNS_AT_ONCE: '3' })
  const { app, deps, owner, instructor, get, post, ask, launch, begin, succeed } = university
  const { database } = deps
  const admin = await createUser(university, { role: 'ADMIN' })
  const standing = async (id: string, user = instructor) =>
    (await get(`/runs/${id}/queue`, user.headers)).json().standing
  /** The news of what was changed a moment ago may still be on its way. */
  const standsFor = async (id: string, reason: string) => {
    for (;;) {
      const found = await standing(id)
      if (found.reason === reason) return found
      await sleep(20)
    }
  }
  const gpu = { spec: { ...spec, engine: 'tensorflow-gpu' } }
  const worker = (id: string, classes: Array<'CPU' | 'GPU'>) =>
    announceWorker(database, id, { hostname: 'h', engines: [], classes, slots: 1, cards: [], memoryBytes: 1 })

  const [first, second, onGpu] = [await launch(), await launch(), await launch(instructor, gpu)]
  const held = await launch()
  const theirs = await launch(owner)

  await t.test('is its place among the runs of its class, in the order of fair shares', async t => {
    t.match(await standing(first), { held: false, place: 1, estimatedStart: null, reason: 'NO_WORKER' })
    t.match(await standing(theirs, owner), { place: 2 }, "before the other owner's second run")
    t.match(await standing(second), { place: 3 })
    t.match(await standing(onGpu), { place: 1, reason: 'NO_GPU_WORKER', message: /GPU/ })
    t.match(await standing(held), {
      held: true,
      place: null,
      reason: 'USER_RUNS_AT_ONCE',
      message: /at once/,
    })
    t.equal((await get(`/runs/${first}/queue`, owner.headers)).statusCode, 404)
  })

  await t.test('says what it waits for', async t => {
    await worker('plain', ['CPU'])
    t.match(await standsFor(first, 'IN_LINE'), { place: 1 })
    t.match(await standing(onGpu), { reason: 'NO_GPU_WORKER' })
    await worker('gpu', ['GPU', 'CPU'])
    t.match(await standsFor(onGpu, 'IN_LINE'), { place: 1 })
    await post('/queues/pause', admin.headers)
    t.match(await standsFor(first, 'QUEUE_PAUSED'), { place: 1 })
    await post('/queues/resume', admin.headers)
    await database.workerNode.deleteMany({ where: { id: 'gpu' } })
  })

  await t.test('has an estimate once runs have ended, and moves while it is watched', async t => {
    await app.listen({ port: 0, host: '127.0.0.1' })
    const stream = await fetch(`${app.listeningOrigin}/api/v1/runs/${second}/queue/events`, {
      headers: instructor.headers,
    })
    const told: Array<{ place: number; estimatedStart: string | null }> = []
    let text = ''
    const reading = (async () => {
      for await (const chunk of stream.body ?? []) text += Buffer.from(chunk).toString()
      for (const [, data] of text.matchAll(/^data: (.*)$/gm)) told.push(JSON.parse(data ?? ''))
    })()
    while (!text.includes('data: ')) await sleep(20)
    await succeed(first)
    await database.$executeRaw`
      UPDATE training_runs SET "startedAt" = "finishedAt" - interval '60 s' WHERE id = ${first}::uuid`
    await worker('plain', ['CPU'])
    const before = Date.now()
    while ((await standing(second)).estimatedStart === null) await sleep(20)
    const { place, estimatedStart } = await standing(second)
    t.equal(place, 2)
    t.ok(Math.abs(new Date(estimatedStart).getTime() - before - 60_000) < 10_000, 'after the one before it')
    while (!text.includes('"place":2')) await sleep(20)
    await begin(theirs)
    await begin(second)
    await reading
    t.ok(told.length >= 2)
    t.match(told[0], { place: 3, estimatedStart: null })
    t.ok(
      told.every(({ place }, i) => i === 0 || place <= (told[i - 1]?.place ?? 0)),
      'it only comes nearer',
    )
    t.equal(await standing(second), null, 'a run that trains stands nowhere')
    const query = `{ trainingRun(id: "${theirs}") { queueStanding { place } } }`
    t.match(await ask(query, owner.headers), { data: { trainingRun: { queueStanding: null } } })
  })

  await t.test('is told by one reading, however many watch', async t => {
    const id = await launch(owner)
    let readings = 0
    const counted = new Proxy(database, {
      get(target, property, receiver) {
        if (property === '$queryRaw') readings++
        return Reflect.get(target, property, receiver)
      },
    })
    const service = createStandingService({ ...deps, database: counted })
    t.teardown(() => service.close())
    const actor: Actor = {
      ...{ kind: 'user', userId: owner.userId, role: 'INSTRUCTOR', scopes: ['read'] },
      ...{ tokenId: id, tokenKind: 'API', tokenExpiresAt: new Date() },
    }
    const answers = await Promise.all(Array.from({ length: 50 }, () => service.findStanding(actor, id)))
    t.equal(new Set(answers.map(answer => JSON.stringify(answer))).size, 1)
    t.ok(readings <= 8, `${readings} statements for fifty questions`)
  })
})
