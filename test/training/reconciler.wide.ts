import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Actor } from '../../src/identity/contract.js'
import { createDispatcher } from '../../src/training/queue/dispatcher.js'
import { createModelAsker } from '../../src/training/runs/ask-model.js'
import { createPredictionService } from '../../src/training/runs/prediction-service.js'
import { startReconciler } from '../../src/training/runs/reconciler.js'
import { requestCancel } from '../../src/training/runs/run-requests.js'
import { openTestDependencies } from '../support/app.js'
import { forEachBackend } from '../support/backends.js'
import {
  end,
  historyOf,
  queueRun,
  runBecomes,
  standInTrainer,
  startWorker,
  withoutGaps,
} from '../support/runs.js'

t.test('A queue that is reconciled with the rows', t =>
  forEachBackend(t, async (t, backend) => {
    const { deps, databaseUrl } = await openTestDependencies(t, backend.env)
    const { database, courier, config } = deps
    const queue = courier.queue('training-cpu')
    // Its children compute nothing: one engine is tried, not all that there are.
    const own = { DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, LYCEUM_ENGINE: 'wasm' }
    const env = { ...backend.env, ...own }
    const holds = async (id: string) => {
      while (!(await queue.holds(id))) await sleep(20)
    }
    const dispatcher = createDispatcher(deps)
    t.teardown(() => dispatcher.close())
    let stop = startReconciler(deps, dispatcher)
    t.teardown(() => stop())

    await t.test('gets a job for a run that has none, again after it lost everything', async t => {
      const runId = await queueRun(database, 'finishes')
      await holds(`${runId}-1`)
      await stop()
      await backend.loseEverything(databaseUrl)
      t.equal(await queue.holds(`${runId}-1`), false)
      stop = startReconciler(deps, dispatcher)
      await holds(`${runId}-1`)
      t.match(await queue.counts(), { prioritized: 1 })
    })

    await t.test('runs what waited, and nothing that was cancelled before a worker came', async t => {
      const [waiting] = await database.trainingRun.findMany()
      const cancelled = await queueRun(database, 'finishes')
      await holds(`${cancelled}-1`)
      await requestCancel(database, cancelled, 'somebody')
      const after = await queueRun(database, 'finishes')
      const worker = await startWorker(t, env, standInTrainer)
      for (const id of [waiting?.id ?? '', after]) {
        t.match(await runBecomes(database, id, 'SUCCEEDED'), { attempt: 1 })
      }
      t.strictSame(await historyOf(database, cancelled), { numbers: [1], types: ['cancelled'] })
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
    })

    await t.test('gets a run back from a worker that is stopped, and to the next one', async t => {
      const runId = await queueRun(database, 'finishes-second')
      const first = await startWorker(t, env, standInTrainer)
      await runBecomes(database, runId, 'RUNNING')
      t.strictSame(await end(first, 'SIGTERM'), [0, null])
      t.match(await database.trainingRun.findUnique({ where: { id: runId } }), {
        status: 'QUEUED',
        attempt: 2,
      })
      const second = await startWorker(t, env, standInTrainer)
      await runBecomes(database, runId, 'SUCCEEDED')
      t.match(await database.runAttempt.findMany({ where: { runId }, orderBy: { number: 'asc' } }), [
        { number: 1, outcome: 'REQUEUED' },
        { number: 2, outcome: 'SUCCEEDED' },
      ])
      const { numbers, types } = await historyOf(database, runId)
      t.strictSame(numbers, withoutGaps(numbers))
      t.equal(types.filter(type => type === 'requeued').length, 1)
      t.strictSame(await end(second, 'SIGTERM'), [0, null])
    })

    await t.test('is told apart from workers that are not there', async t => {
      const { id, ownerId } = await database.trainingRun.findFirstOrThrow({ where: { status: 'SUCCEEDED' } })
      const owner: Actor = {
        kind: 'user',
        userId: ownerId,
        role: 'ADMIN',
        scopes: ['read'],
        tokenId: id,
        tokenKind: 'API',
        tokenExpiresAt: new Date(),
      }
      const service = createPredictionService(deps, createModelAsker(deps, 100))
      const image = { format: 'pixels' as const, pixels: [[0]], invert: false }
      await t.rejects(service.predict(owner, id, image), {
        code: 'NO_WORKER_ANSWERED',
        status: 504,
        message: /100 ms/,
      })
    })
  }),
)
