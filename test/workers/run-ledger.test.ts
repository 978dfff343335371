import t from 'tap'
import { releaseRuns } from '../../src/training/queue/release-runs.js'
import { recordCheckpoint } from '../../src/training/runs/checkpoint-ledger.js'
import * as ledger from '../../src/training/runs/run-ledger.js'
import { requestCancel, requestPause, resumeRun } from '../../src/training/runs/run-requests.js'
import { openTestDependencies } from '../support/app.js'

t.test('The run ledger', async t => {
  const { deps } = await openTestDependencies(t)
  const { database } = deps
  const owner = await database.user.create({ data: { email: 'a@b.c', name: 'A', passwordHash: '-' } })
  const queueRun = async () =>
    (await database.trainingRun.create({ data: { ownerId: owner.id, name: 'run', spec: {} } })).id
  const claim = (runId: string, attempt = 1) =>
    ledger.claimAttempt(database, { runId, attempt, workerId: 'w' })
  const manyAtOnce = { runsAtOnce: 100, runsWaiting: 100, gpuSecondsPerDay: 0 }
  const releasable = async () =>
    (await releaseRuns(database, { USER: manyAtOnce, COURSE: manyAtOnce })).map(job => job.runId)
  const statusOf = async (id: string) =>
    (await database.trainingRun.findUniqueOrThrow({ where: { id } })).status

  await t.test('lets one of two claims win', async t => {
    const runId = await queueRun()
    t.same((await Promise.all([claim(runId), claim(runId)])).sort(), [false, true])
  })
  await t.test('refuses a writer that was fenced off', async t => {
    const runId = await queueRun()
    const key = { runId, attempt: 1 }
    await claim(runId)
    t.equal(await ledger.requeueRun(database, key, 'stop'), true)
    t.equal(await ledger.appendEvents(database, key, [{ type: 'cancelled' }]), false)
    t.equal(await ledger.finishRun(database, key, { status: 'CANCELLED' }), false)
    t.equal(await ledger.heartbeat(database, key), 'lost')
    t.equal(await claim(runId, 2), true)
  })
  await t.test('numbers events without gaps under concurrency', async t => {
    const runId = await queueRun()
    await claim(runId)
    const event = { type: 'step' as const, epoch: 1, step: 1, loss: 1, accuracy: 0, imagesPerSecond: 1 }
    await Promise.all(
      Array.from({ length: 8 }, () => ledger.appendEvents(database, { runId, attempt: 1 }, [event, event])),
    )
    const events = await database.runEvent.findMany({ where: { runId }, orderBy: { number: 'asc' } })
    t.same(
      events.map(e => e.number),
      Array.from({ length: 17 }, (_, i) => i + 1),
    )
  })
  await t.test('cancels a queued run at once and asks a held one', async t => {
    const [queued, heldRun] = [await queueRun(), await queueRun()]
    await claim(heldRun)
    await requestCancel(database, queued, owner.id)
    await requestCancel(database, heldRun, owner.id)
    t.equal(await statusOf(queued), 'CANCELLED')
    t.equal(await ledger.heartbeat(database, { runId: heldRun, attempt: 1 }), 'cancel')
  })
  await t.test('pauses a queued run at once, asks the worker of a held one, and resumes both', async t => {
    const [queued, heldRun] = [await queueRun(), await queueRun()]
    const key = { runId: heldRun, attempt: 1 }
    await claim(heldRun)
    t.same([await requestPause(database, queued, owner.id), await statusOf(queued)], [true, 'PAUSED'])
    t.same([await requestPause(database, heldRun, owner.id), await statusOf(heldRun)], [true, 'STARTING'])
    t.equal(await ledger.heartbeat(database, key), 'pause')
    t.equal(await ledger.pauseRun(database, key), true)
    t.same([await statusOf(heldRun), await ledger.heartbeat(database, key)], ['PAUSED', 'lost'])
    t.same(
      (await releasable()).filter(id => id === heldRun),
      [],
    )
    for (const id of [queued, heldRun]) {
      const resumed = [resumeRun(database, id, owner.id), resumeRun(database, id, owner.id)]
      t.same((await Promise.all(resumed)).sort(), [2, undefined], 'one of two callers wins')
      t.equal(await claim(id, 2), true)
      t.equal(await resumeRun(database, id, owner.id), undefined, 'a run that is held is not paused')
    }
    t.equal(await ledger.heartbeat(database, { runId: heldRun, attempt: 2 }), 'continue')
  })
  await t.test('says in the history who asked', async t => {
    const runId = await queueRun()
    await claim(runId)
    await requestPause(database, runId, owner.id)
    await requestPause(database, runId, owner.id)
    await requestCancel(database, runId, owner.id)
    t.equal(await requestPause(database, runId, owner.id), false, 'it is about to be cancelled')
    const events = await database.runEvent.findMany({ where: { runId }, orderBy: { number: 'asc' } })
    t.match(
      events.map(event => event.payload),
      [
        { type: 'starting' },
        { type: 'pauseRequested', by: owner.id },
        { type: 'cancelRequested', by: owner.id },
      ],
    )
    t.equal(events.length, 3)
  })
  await t.test('cancels a paused run at once, and a run that pauses where both were asked', async t => {
    const [paused, both] = [await queueRun(), await queueRun()]
    await requestPause(database, paused, owner.id)
    t.equal(await requestCancel(database, paused, owner.id), true)
    await claim(both)
    await requestPause(database, both, owner.id)
    await requestCancel(database, both, owner.id)
    t.equal(await ledger.pauseRun(database, { runId: both, attempt: 1 }), true)
    t.same([await statusOf(paused), await statusOf(both)], ['CANCELLED', 'CANCELLED'])
    t.equal(await requestCancel(database, paused, owner.id), false)
  })
  await t.test('pauses a run whose worker was lost while it was asked to', async t => {
    const runId = await queueRun()
    await claim(runId)
    await requestPause(database, runId, owner.id)
    await database.$executeRaw`UPDATE run_attempts SET "heartbeatAt" = now() - interval '11 s' WHERE "runId" = ${runId}::uuid`
    await ledger.recoverLostRuns(database)
    t.equal(await statusOf(runId), 'PAUSED')
  })
  await t.test('does not count the losses before a checkpoint', async t => {
    const runId = await queueRun()
    const failure = { code: 'TRAINER_KILLED', message: 'Killed.', hint: '-', fault: 'machine' as const }
    for (let attempt = 1; attempt <= 6; attempt++) {
      t.equal(await claim(runId, attempt), true)
      if (attempt <= 3) {
        const stored = { step: attempt, epoch: 1, key: 'k', bytes: 1, sha256: '0', validationLoss: null }
        t.equal(await recordCheckpoint(database, { runId, attempt }, stored), true)
      }
      await ledger.retryRun(database, { runId, attempt }, failure)
      t.equal(await statusOf(runId), attempt < 6 ? 'QUEUED' : 'FAILED', `after attempt ${attempt}`)
    }
  })
  await t.test('recovers a lost run and fails it at the third loss', async t => {
    const runId = await queueRun()
    for (const attempt of [1, 2, 3]) {
      t.equal(await claim(runId, attempt), true)
      await database.$executeRaw`UPDATE run_attempts SET "heartbeatAt" = now() - interval '11 s' WHERE "runId" = ${runId}::uuid`
      await Promise.all([ledger.recoverLostRuns(database), ledger.recoverLostRuns(database)])
    }
    t.equal(await statusOf(runId), 'FAILED')
  })
  await t.test('lists what waits for a worker', async t => {
    const [waiting, taken] = [await queueRun(), await queueRun()]
    await claim(taken)
    const listed = await releasable()
    t.ok(listed.includes(waiting))
    t.notOk(listed.includes(taken))
  })
  await t.test('ends a run that is given back after its cancel was asked for', async t => {
    const runId = await queueRun()
    await claim(runId)
    await requestCancel(database, runId, owner.id)
    t.equal(await ledger.requeueRun(database, { runId, attempt: 1 }, 'stop'), true)
    t.equal(await statusOf(runId), 'CANCELLED')
  })
})
