import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { scratchFolder } from '../../src/platform/scratch.js'
import { createDispatcher } from '../../src/training/queue/dispatcher.js'
import { pauseQueues, resumeQueues } from '../../src/training/queue/queue-control.js'
import { startReconciler } from '../../src/training/runs/reconciler.js'
import { runEvent } from '../../src/training/runs/run-events.js'
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

t.setTimeout(400_000)

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
    t.teardown(startReconciler(deps, createDispatcher(deps)))
    // A probe of the engines is a child too, while it lasts.
    const trainerOf = async (pid: number | undefined) => {
      for (;;) {
        const [trainer, ...others] = childrenOf(pid)
        if (trainer !== undefined && others.length === 0) return trainer
        await sleep(100)
      }
    }

    /** Where the attempt went on from. */
    const beginOf = async (runId: string, attempt: number) => {
      const started = await database.runEvent.findFirst({ where: { runId, attempt, type: 'started' } })
      return runEvent.parse(started?.payload)
    }

    await t.test('of the child its run goes on from its checkpoint, on a worker that lives', async t => {
      const worker = await startWorker(t, env)
      const runId = await queueSpec(database, mnistSpec)
      await hasHad(database, runId, 'checkpoint')
      process.kill(await trainerOf(worker.pid), 'SIGKILL')
      t.match(await runBecomes(database, runId, 'SUCCEEDED'), { attempt: 2, engine: 'wasm', failure: null })
      t.match(await beginOf(runId, 2), { resumedFrom: { step: Number, epoch: /[23]/ } })
      t.match(await database.workerNode.findMany(), [{ engines: [{ device: /CPU|GPU/ }] }])
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
      t.strictSame(await database.workerNode.findMany(), [])
    })

    await t.test('of the worker its run is finished by another, as attempt 2', async t => {
      const runId = await queueSpec(database, mnistSpec)
      const first = await startWorker(t, env)
      await hasHad(database, runId, 'checkpoint')
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
      t.match(await beginOf(runId, 2), { resumedFrom: { step: Number, epoch: /[23]/ } })
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

    await t.test(
      'of the worker while the queue is paused its run waits, and goes on when it is resumed',
      async t => {
        const runId = await queueSpec(database, { ...mnistSpec, trainingImages: 1_000, epochs: 6 })
        const first = await startWorker(t, env)
        await hasHad(database, runId, 'checkpoint')
        await pauseQueues(database)
        await end(first, 'SIGKILL')
        const second = await startWorker(t, env)
        await runBecomes(database, runId, 'QUEUED', 2)
        // Long enough for the worker to have asked twice what it may take.
        await sleep(5_000)
        t.match(await database.trainingRun.findUnique({ where: { id: runId } }), {
          status: 'QUEUED',
          attempt: 2,
        })
        await resumeQueues(database)
        t.match(await runBecomes(database, runId, 'SUCCEEDED'), { attempt: 2 })
        const { numbers } = await historyOf(database, runId)
        t.strictSame(numbers, withoutGaps(numbers))
        t.strictSame(await end(second, 'SIGTERM'), [0, null])
      },
    )
  }),
)
