import t from 'tap'
import { createDispatcher } from '../../src/training/queue/dispatcher.js'
import { startReconciler } from '../../src/training/runs/reconciler.js'
import { openTestDependencies } from '../support/app.js'
import { startRedis, withRedis } from '../support/redis.js'
import {
  end,
  hasHad,
  historyOf,
  mnistSpec,
  queueSpec,
  runBecomes,
  startWorker,
  withoutGaps,
} from '../support/runs.js'

t.setTimeout(400_000)

t.test('After kill -9 of Redis', withRedis, async t => {
  for (const persistent of [true, false]) {
    await t.test(`with${persistent ? '' : 'out'} what it had on disk nothing is lost`, async t => {
      const redis = await startRedis(t, { persistent })
      const backend = { REDIS_URL: redis.url }
      const { deps, databaseUrl } = await openTestDependencies(t, backend)
      const { database, courier, config } = deps
      t.teardown(startReconciler(deps, createDispatcher(deps)))
      const queue = courier.queue('training-cpu')
      const worker = await startWorker(t, {
        ...backend,
        DATABASE_URL: databaseUrl,
        LYCEUM_HOME: config.home,
      })
      const running = await queueSpec(database, mnistSpec)
      await hasHad(database, running, 'step')
      const waiting = await queueSpec(database, { ...mnistSpec, epochs: 1 })
      while (!(await queue.holds(`${waiting}-1`)));
      await redis.kill()
      await runBecomes(database, running, 'SUCCEEDED')
      t.pass('a run needs no queue while it trains')
      await redis.start()
      await runBecomes(database, waiting, 'SUCCEEDED')
      for (const id of [running, waiting]) {
        t.match(await database.trainingRun.findUnique({ where: { id } }), { attempt: 1 })
        const { numbers } = await historyOf(database, id)
        t.strictSame(numbers, withoutGaps(numbers))
      }
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
    })
  }
})
