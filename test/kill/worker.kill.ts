import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startReconciler } from '../../src/training/reconciler.js'
import { scratchFolder } from '../../workers/scratch.js'
import { openTestDependencies } from '../support/app.js'
import { forEachBackend } from '../support/backends.js'
import {
  childrenOf,
  end,
  hasHad,
  historyOf,
  isAlive,
  mnistSpec,
  queueSpec,
  runBecomes,
  startWorker,
  withoutGaps,
} from '../support/runs.js'

t.setTimeout(240_000)

t.test('After kill -9, with the queue', t =>
  forEachBackend(t, async (t, backend) => {
    const { deps, databaseUrl } = await openTestDependencies(t, backend.env)
    const { database, storage, config } = deps
    const temporary = t.testdir()
    const env = {
      ...backend.env,
      DATABASE_URL: databaseUrl,
      LYCEUM_HOME: config.home,
      TMPDIR: temporary,
    }
    t.teardown(startReconciler(deps))
    // A probe of the engines is a child too, while it lasts.
    const trainerOf = async (pid: number | undefined) => {
      for (;;) {
        const [trainer, ...others] = childrenOf(pid)
        if (trainer !== undefined && others.length === 0) return trainer
        await sleep(100)
      }
    }

    await t.test('of the child its run fails with the reason, and the worker takes the next', async t => {
      const worker = await startWorker(t, env)
      const runId = await queueSpec(database, { ...mnistSpec, epochs: 100 })
      await hasHad(database, runId, 'step')
      process.kill(await trainerOf(worker.pid), 'SIGKILL')
      t.match(await runBecomes(database, runId, 'FAILED'), {
        failure: { code: 'TRAINER_KILLED', fault: 'machine', message: /SIGKILL/ },
      })
      t.equal((await historyOf(database, runId)).types.at(-1), 'failed')
      const next = await queueSpec(database, { ...mnistSpec, epochs: 1 })
      t.match(await runBecomes(database, next, 'SUCCEEDED'), { attempt: 1, engine: 'wasm' })
      t.match(await database.workerNode.findMany(), [{ engines: [{ device: /CPU|GPU/ }] }])
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
      t.strictSame(await database.workerNode.findMany(), [])
    })

    await t.test('of the worker its run is finished by another, as attempt 2', async t => {
      const runId = await queueSpec(database, mnistSpec)
      const first = await startWorker(t, env)
      await hasHad(database, runId, 'step')
      const trainer = await trainerOf(first.pid)
      const scratch = readdirSync(`${temporary}/${scratchFolder}`)
      t.equal(scratch.length, 1)
      await end(first, 'SIGKILL')
      // What a lost attempt had stored by then belongs to nobody.
      await storage.put(`runs/${runId}/1/model.json`, Buffer.from('{}'))
      const second = await startWorker(t, env)
      t.notOk(readdirSync(`${temporary}/${scratchFolder}`).includes(scratch[0] ?? ''))
      const run = await runBecomes(database, runId, 'SUCCEEDED')
      t.match(run, { attempt: 2, modelKey: `runs/${runId}/2` })
      t.equal(isAlive(trainer), false, 'the child left with its worker')
      t.match(await database.runAttempt.findMany({ where: { runId }, orderBy: { number: 'asc' } }), [
        { outcome: 'LOST' },
        { outcome: 'SUCCEEDED' },
      ])
      const { numbers, types } = await historyOf(database, runId)
      t.strictSame(numbers, withoutGaps(numbers))
      t.equal(types.at(-1), 'finished')
      t.equal((await storage.read(`runs/${runId}/2/weights.bin`)).byteLength > 0, true)
      await t.rejects(storage.read(`runs/${runId}/1/model.json`), { code: 'ENOENT' })
      t.strictSame(await end(second, 'SIGTERM'), [0, null])
      t.strictSame(readdirSync(`${temporary}/${scratchFolder}`), [])
    })
  }),
)
