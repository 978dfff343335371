import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createDispatcher } from '../../../src/training/queue/dispatcher.js'
import { releaseRuns } from '../../../src/training/queue/release-runs.js'
import * as ledger from '../../../src/training/runs/run-ledger.js'
import { createUser } from '../../support/users.js'
import { openUniversity, spec } from '../university.js'

t.test('the quotas of runs', async t => {
  const env = { LYCEUM_RUNS_AT_ONCE: '2', LYCEUM_RUNS_WAITING: '6', LYCEUM_GPU_SECONDS_PER_DAY: '100' }
  const university = await openUniversity(t, env)
  const { app, deps, owner, instructor, get, post, remove, ask, launch } = university
  const { database, courier, config } = deps
  const admin = await createUser(university, { role: 'ADMIN' })
  const runOf = async (id: string) => database.trainingRun.findUniqueOrThrow({ where: { id } })
  const isReleased = async (id: string) => (await runOf(id)).releasedAt !== null
  const becomesReleased = async (id: string) => {
    while (!(await isReleased(id))) await new Promise(resolve => setTimeout(resolve, 20))
  }
  const patch = (url: string, headers: Record<string, string>, payload: object) =>
    app.inject({ method: 'PATCH', url: `/api/v1${url}`, headers, payload })

  await t.test('hold what is beyond them, say why, and let it go when a run ends', async t => {
    const user = await createUser(university, { role: 'INSTRUCTOR' })
    const [first, second, third] = [await launch(user), await launch(user), await launch(user)]
    t.match((await get(`/runs/${first}`, user.headers)).json(), { heldReason: null, releasedAt: /./ })
    t.match((await get(`/runs/${third}`, user.headers)).json(), {
      status: 'QUEUED',
      heldReason: 'USER_RUNS_AT_ONCE',
      releasedAt: null,
    })
    t.equal(await courier.queue('training-cpu').holds(`${third}-1`), false, 'it is not enqueued')
    const key = { runId: first, attempt: 1 }
    t.equal(await ledger.claimAttempt(database, { ...key, workerId: 'w' }), true)
    t.equal(await isReleased(third), false, 'a run that trains keeps its place')
    await ledger.finishRun(database, key, { status: 'CANCELLED' })
    await becomesReleased(third)
    await post(`/runs/${second}/pause`, user.headers)
    const fourth = await launch(user)
    t.equal(await isReleased(fourth), true, 'a paused run gives its place to another')
    t.match((await post(`/runs/${second}/resume`, user.headers)).json(), {
      status: 'QUEUED',
      heldReason: 'USER_RUNS_AT_ONCE',
    })
  })

  await t.test('give the last place to one of two processes', async t => {
    const user = await createUser(university, { role: 'INSTRUCTOR' })
    const runs = await Promise.all(
      Array.from({ length: 6 }, () =>
        database.trainingRun.create({ data: { ownerId: user.userId, name: 'run', spec } }),
      ),
    )
    const dispatcher = createDispatcher(deps)
    t.teardown(() => dispatcher.close())
    const { runQuotas } = config
    const both = [releaseRuns(database, runQuotas), releaseRuns(database, runQuotas), dispatcher.dispatch()]
    await Promise.all(both)
    const released = await database.trainingRun.count({
      where: { ownerId: user.userId, releasedAt: { not: null } },
    })
    t.equal(released, 2)
    t.match(await post('/runs', user.headers, { spec }), { statusCode: 429 }, 'six wait already')
    await database.trainingRun.deleteMany({ where: { id: { in: runs.map(run => run.id) } } })
  })

  await t.test(
    'hold back nobody who has places behind those who have none, however many they hold',
    async t => {
      const [many, one] = await Promise.all([
        createUser(university, { role: 'INSTRUCTOR' }),
        createUser(university, { role: 'INSTRUCTOR' }),
      ])
      const run = { ownerId: many.userId, name: 'run', spec }
      await database.trainingRun.createMany({ data: Array.from({ length: 1_100 }, () => run) })
      t.equal(await isReleased(await launch(one)), true)
      const held = await database.trainingRun.count({
        where: { ownerId: many.userId, heldReason: 'USER_RUNS_AT_ONCE' },
      })
      t.ok(held >= 900, `${held} are told why they wait`)
      await database.trainingRun.deleteMany({ where: { ownerId: many.userId } })
    },
  )

  await t.test('of the GPU hold back only what asks for one', async t => {
    const user = await createUser(university, { role: 'INSTRUCTOR' })
    const gpu = { spec: { ...spec, engine: 'tensorflow-gpu' } }
    const used = await launch(user, gpu)
    t.match((await get(`/runs/${used}`, user.headers)).json(), { machineClass: 'GPU', heldReason: null })
    // Another round may be enqueuing it.
    while (!(await courier.queue('training-gpu').holds(`${used}-1`))) await sleep(20)
    await ledger.claimAttempt(database, { runId: used, attempt: 1, workerId: 'w' })
    await database.$executeRaw`
      UPDATE run_attempts SET "claimedAt" = now() - interval '101 s' WHERE "runId" = ${used}::uuid`
    const [held, free] = [await launch(user, gpu), await launch(user)]
    t.equal((await runOf(held)).heldReason, 'USER_GPU_SECONDS')
    t.equal(await isReleased(free), true)
    await ledger.finishRun(database, { runId: used, attempt: 1 }, { status: 'CANCELLED' })
    t.equal((await remove(`/runs/${used}`, user.headers)).statusCode, 204)
    await releaseRuns(database, config.runQuotas)
    t.equal(await isReleased(held), false, 'deleting the run gives nothing back')
    await database.$executeRaw`
      UPDATE deleted_run_times SET "endedAt" = now() - interval '25 h', "claimedAt" = now() - interval '26 h'
      WHERE "runId" = ${used}::uuid`
    await releaseRuns(database, config.runQuotas)
    t.equal(await isReleased(held), true, 'what was used a day ago counts no more')
  })

  await t.test('are changed by an admin, for a user or a course, on both faces', async t => {
    const user = await createUser(university, { role: 'INSTRUCTOR' })
    await launch(user)
    await launch(user)
    const held = await launch(user)
    const url = `/run-quotas/users/${user.userId}`
    t.match((await patch(url, admin.headers, { runsAtOnce: 3 })).json(), { runsAtOnce: 3, runsWaiting: 6 })
    await becomesReleased(held)
    t.match((await get('/account/run-quota', user.headers)).json(), { runsAtOnce: 3 })
    const set = `mutation ($id: ID!, $quota: RunQuotaInput!) {
      setRunQuota(subject: USER, id: $id, quota: $quota) { runsAtOnce runsWaiting gpuSecondsPerDay } }`
    const quota = { runsAtOnce: null, gpuSecondsPerDay: 7 }
    t.strictSame((await ask(set, admin.headers, { id: user.userId, quota })).data.setRunQuota, {
      ...{ runsAtOnce: 2, runsWaiting: 6, gpuSecondsPerDay: 7 },
    })
    t.equal((await patch('/run-quotas/courses/tea', admin.headers, { runsAtOnce: 1 })).statusCode, 200)
    const labs = [await launch(owner, { labId: 'tea-lab' }), await launch(instructor, { labId: 'tea-lab' })]
    t.strictSame(await Promise.all(labs.map(async id => (await runOf(id)).heldReason)), [
      null,
      'COURSE_RUNS_AT_ONCE',
    ])
    t.equal((await patch(url, admin.headers, { runsAtOnce: -1 })).statusCode, 400)
    t.equal((await patch('/run-quotas/users/nobody', admin.headers, {})).statusCode, 404)
    for (const { headers } of [user, instructor]) {
      t.match((await patch(url, headers, { runsAtOnce: 9 })).json(), { status: 403, code: 'SCOPE_REQUIRED' })
      t.match(await ask(set, headers, { id: user.userId, quota }), {
        errors: [{ extensions: { code: 'SCOPE_REQUIRED' } }],
      })
      t.equal((await get(url, headers)).statusCode, 403)
    }
  })

  await t.test('leave the order among the own runs to their owner, and urgency to admins', async t => {
    const user = await createUser(university, { role: 'INSTRUCTOR' })
    await launch(user)
    const low = await launch(user, { spec, priority: 'LOW' })
    const [normal, high] = [await launch(user), await launch(user, { spec, priority: 'HIGH' })]
    await post(`/runs/${low}/cancel`, user.headers)
    await becomesReleased(high)
    t.equal(await isReleased(normal), false)
    t.match((await post('/runs', user.headers, { spec, priority: 'URGENT' })).json(), { code: 'FORBIDDEN' })
    const put = (id: string, headers: Record<string, string>, priority: string) =>
      app.inject({ method: 'PUT', url: `/api/v1/runs/${id}/priority`, headers, payload: { priority } })
    t.equal((await put(high, user.headers, 'URGENT')).statusCode, 403)
    t.equal((await put(high, instructor.headers, 'LOW')).statusCode, 404)
    t.match((await put(high, admin.headers, 'URGENT')).json(), { priority: 'URGENT' })
    t.equal((await runOf(high)).fairStart, null)
    const jobs = await releaseRuns(database, config.runQuotas)
    t.match(jobs[0], { runId: high, priority: 1 }, 'before everybody')
    await post(`/runs/${high}/cancel`, user.headers)
    t.match((await put(high, admin.headers, 'LOW')).json(), { status: 409, code: 'RUN_PRIORITY_FIXED' })
  })
})
