import t from 'tap'
import * as ledger from '../../src/training/run-ledger.js'
import { openTestDependencies } from '../support/app.js'

t.test('The run ledger', async t => {
  const { deps } = await openTestDependencies(t)
  const { database } = deps
  const owner = await database.user.create({ data: { email: 'a@b.c', name: 'A', passwordHash: '-' } })
  const queueRun = async () =>
    (await database.trainingRun.create({ data: { ownerId: owner.id, name: 'run', spec: {} } })).id
  const claim = (runId: string, attempt = 1) =>
    ledger.claimAttempt(database, { runId, attempt, workerId: 'w' })
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
    await ledger.requestCancel(database, queued)
    await ledger.requestCancel(database, heldRun)
    t.equal(await statusOf(queued), 'CANCELLED')
    t.equal(await ledger.heartbeat(database, { runId: heldRun, attempt: 1 }), 'cancel')
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
    const listed = (await ledger.enqueueableRuns(database)).map(key => key.runId)
    t.ok(listed.includes(waiting))
    t.notOk(listed.includes(taken))
  })
  await t.test('ends a run that is given back after its cancel was asked for', async t => {
    const runId = await queueRun()
    await claim(runId)
    await ledger.requestCancel(database, runId)
    t.equal(await ledger.requeueRun(database, { runId, attempt: 1 }, 'stop'), true)
    t.equal(await statusOf(runId), 'CANCELLED')
  })
})
