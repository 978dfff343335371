import t from 'tap'
import { watchRuns } from '../../src/training/runs/live-runs.js'
import type { RunEvent } from '../../src/training/runs/run-events.js'
import type { StoredEvent } from '../../src/training/runs/run-feed.js'
import * as ledger from '../../src/training/runs/run-ledger.js'
import { openTestDependencies } from '../support/app.js'
import { countStatements } from '../support/count-statements.js'

t.test('A run that many watch', async t => {
  const { deps } = await openTestDependencies(t)
  const { database, notifications } = deps
  const owner = await database.user.create({ data: { email: 'a@b.c', name: 'A', passwordHash: '-' } })
  const watch = watchRuns(database, notifications)
  const never = new AbortController().signal
  const step = (step: number): RunEvent => ({
    type: 'step',
    epoch: 1,
    step,
    loss: 1,
    accuracy: 0,
    imagesPerSecond: 1,
  })

  async function startRun() {
    const { id: runId } = await database.trainingRun.create({
      data: { ownerId: owner.id, name: 'run', spec: {} },
    })
    const key = { runId, attempt: 1 }
    await ledger.claimAttempt(database, { ...key, workerId: 'w' })
    const tell = (from: number, count: number) =>
      ledger.appendEvents(
        database,
        key,
        Array.from({ length: count }, (_, i) => step(from + i)),
      )
    return { ...key, tell, cancel: () => ledger.finishRun(database, key, { status: 'CANCELLED' }) }
  }

  async function numbersOf(events: AsyncIterable<StoredEvent>, each = async (_number: number) => {}) {
    const numbers: number[] = []
    for await (const { number } of events) {
      numbers.push(number)
      await each(number)
    }
    return numbers
  }
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

  await t.test(
    'gives all of them each event once, wherever they begin and however slow they are',
    async t => {
      const run = await startRun()
      await run.tell(1, 650)
      let reachedTheEnd = () => {}
      const fast = new Promise<void>(resolve => {
        reachedTheEnd = resolve
      })
      const watching = [
        numbersOf(watch(run.runId, 0, never)),
        numbersOf(watch(run.runId, 640, never)),
        numbersOf(watch(run.runId, 5_000, never)),
        // By then more was told than is kept in memory.
        numbersOf(watch(run.runId, 600, never), async number => {
          if (number === 651) await fast
        }),
        numbersOf(watch(run.runId, 650, never), async number => {
          if (number === 1_300) reachedTheEnd()
        }),
      ]
      for (let told = 650; told < 1_400; told += 150) await run.tell(told + 1, 150)
      await run.cancel()
      t.strictSame(await Promise.all(watching), [
        range(1, 1_402),
        range(641, 1_402),
        [],
        range(601, 1_402),
        range(651, 1_402),
      ])
    },
  )

  await t.test('is read once for all of them', async t => {
    const run = await startRun()
    const looks = countStatements(t, /LEFT JOIN LATERAL/)
    const watching = Array.from({ length: 200 }, () => numbersOf(watch(run.runId, 1, never)))
    for (let told = 1; told <= 5; told++) await run.tell(told, 1)
    await run.cancel()
    t.strictSame(new Set((await Promise.all(watching)).map(String)), new Set([String(range(2, 7))]))
    t.ok(looks.statements() <= 8, `one at first and one for each notification, and not ${looks.statements()}`)
    t.ok(looks.statements() > 0)
  })

  await t.test('ends for all of them when it is deleted, and for one who leaves', async t => {
    const run = await startRun()
    const leaving = new AbortController()
    const left = numbersOf(watch(run.runId, 0, leaving.signal), async () => leaving.abort())
    t.strictSame(await left, [1])
    const watching = [numbersOf(watch(run.runId, 0, never)), numbersOf(watch(run.runId, 0, never))]
    await run.cancel()
    await database.trainingRun.delete({ where: { id: run.runId } })
    await database.$executeRaw`SELECT pg_notify('run_events', ${run.runId})`
    for (const numbers of await Promise.all(watching)) t.ok(numbers.length <= 2)
    t.strictSame(await numbersOf(watch(run.runId, 0, never)), [])
  })
})
