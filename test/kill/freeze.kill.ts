import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createDispatcher } from '../../src/training/queue/dispatcher.js'
import { startReconciler } from '../../src/training/runs/reconciler.js'
import { openTestDependencies } from '../support/app.js'
import { forEachBackend } from '../support/backends.js'
import {
  childrenOf,
  end,
  hasHad,
  historyOf,
  mnistSpec,
  queueRun,
  queueSpec,
  runBecomes,
  startWorker,
  withoutGaps,
} from '../support/runs.js'

t.setTimeout(400_000)

t.test('A worker that freezes, with the queue', t =>
  forEachBackend(t, async (t, backend) => {
    const { deps, databaseUrl } = await openTestDependencies(t, backend.env)
    const { database, storage, config } = deps
    const env = { ...backend.env, DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, LYCEUM_ENGINE: 'wasm' }
    t.teardown(startReconciler(deps, createDispatcher(deps)))

    await t.test('and wakes after its run was given to another is refused, and works on', async t => {
      const first = await startWorker(t, env)
      const runId = await queueSpec(database, { ...mnistSpec, trainingImages: 1_000, epochs: 20 })
      await hasHad(database, runId, 'checkpoint')
      // Its child trains on, and reports into a pipe that nobody reads.
      first.kill('SIGSTOP')
      const second = await startWorker(t, env)
      await hasHad(database, runId, 'step', 2)
      first.kill('SIGCONT')
      while (childrenOf(first.pid).length > 0) await sleep(50)
      t.match(await database.trainingRun.findUnique({ where: { id: runId } }), {
        status: 'RUNNING',
        attempt: 2,
      })
      t.match(await runBecomes(database, runId, 'SUCCEEDED'), { attempt: 2, modelKey: `runs/${runId}/2` })

      const { numbers, types } = await historyOf(database, runId)
      t.strictSame(numbers, withoutGaps(numbers))
      const events = await database.runEvent.findMany({ where: { runId }, orderBy: { number: 'asc' } })
      const after = events.slice(types.indexOf('requeued') + 1)
      t.ok(after.length > 20)
      t.strictSame(
        [...new Set(after.map(event => event.attempt))],
        [2],
        'nothing of the first, once it was lost',
      )
      const steps = await database.runEvent.findMany({
        where: { runId, type: 'epoch' },
        orderBy: { number: 'asc' },
        select: { payload: true },
      })
      t.match(
        steps.map(({ payload }) => payload),
        Array.from({ length: 20 }, (_, index) => ({ epoch: index + 1 })),
        'each epoch once',
      )
      t.strictSame(await storage.list(`runs/${runId}/1`), [])

      t.strictSame(await end(second, 'SIGTERM'), [0, null])
      const next = await queueSpec(database, { ...mnistSpec, epochs: 1 })
      await runBecomes(database, next, 'SUCCEEDED')
      t.match(await database.runAttempt.findMany({ where: { runId: next } }), [
        { workerId: new RegExp(`-${first.pid}-`), outcome: 'SUCCEEDED' },
      ])
      t.strictSame(await end(first, 'SIGTERM'), [0, null])
    })

    await t.test('inside a transaction does not keep the run from everybody', async t => {
      const runId = await queueRun(database, 'waits')
      const file = fileURLToPath(new URL('../support/frozen-transaction.js', import.meta.url))
      const frozen = fork(file, [databaseUrl, runId], { execArgv: [] })
      t.teardown(() => frozen.kill('SIGKILL'))
      const exit = once(frozen, 'exit')
      await once(frozen, 'message')
      await database.trainingRun.update({ where: { id: runId }, data: { notes: 'of another process' } })
      frozen.kill('SIGCONT')
      t.strictSame(await exit, [3, null])
      t.match(await database.trainingRun.findUnique({ where: { id: runId } }), {
        notes: 'of another process',
      })
    })
  }),
)
