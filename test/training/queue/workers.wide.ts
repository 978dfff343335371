import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { MachineClass } from '../../../src/generated/prisma/enums.js'
import { createDispatcher } from '../../../src/training/queue/dispatcher.js'
import { drainWorker, pauseQueues, resumeQueues } from '../../../src/training/queue/queue-control.js'
import { reportWorker } from '../../../src/training/queue/worker-ledger.js'
import { startReconciler } from '../../../src/training/runs/reconciler.js'
import { finishRun } from '../../../src/training/runs/run-ledger.js'
import { consumeRuns } from '../../../workers/run-consumers.js'
import { openTestDependencies } from '../../support/app.js'
import { forEachBackend } from '../../support/backends.js'
import { runLyceum } from '../../support/processes.js'
import { end, queueRun, queueSpec, runBecomes, standInTrainer, startWorker } from '../../support/runs.js'

t.test('Workers and their queues', t =>
  forEachBackend(t, async (t, backend) => {
    const { deps, databaseUrl } = await openTestDependencies(t, { ...backend.env, LYCEUM_RUNS_AT_ONCE: '50' })
    const { database, config } = deps
    const own = { DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, LYCEUM_ENGINE: 'wasm' }
    const env = { ...backend.env, ...own }
    const dispatcher = createDispatcher(deps)
    t.teardown(startReconciler(deps, dispatcher))
    t.teardown(() => dispatcher.close())
    const statusOf = async (id: string) =>
      (await database.trainingRun.findUniqueOrThrow({ where: { id } })).status
    const takesRuns = async () => {
      for (;;) {
        const node = await database.workerNode.findFirst({ where: { classes: { has: 'CPU' } } })
        if (node) return node.id
        await sleep(50)
      }
    }

    await t.test(
      'a worker that is drained finishes what it has, and takes nothing until it is let',
      async t => {
        const worker = await startWorker(t, env, standInTrainer)
        const id = await takesRuns()
        const has = await queueRun(database, 'ignores-stop')
        await runBecomes(database, has, 'RUNNING')
        const drained = await runLyceum(['workers', 'drain', id], env)
        t.match(drained, { code: 0, stdout: /takes no new runs/ })
        const waits = await queueRun(database, 'finishes')
        t.match(await runLyceum(['workers'], env), { stdout: /1 of 1 runs, takes CPU .*, draining/ })
        t.equal(await statusOf(has), 'RUNNING')
        await finishRun(database, { runId: has, attempt: 1 }, { status: 'CANCELLED' })
        // The next heartbeat tells the worker that its run is over.
        while ((await database.workerNode.findFirst({ where: { id } }))?.drainingAt === null) await sleep(50)
        await sleep(3_000)
        t.equal(await statusOf(waits), 'QUEUED')
        await drainWorker(database, id, false)
        await runBecomes(database, waits, 'SUCCEEDED')
        t.strictSame(await end(worker, 'SIGTERM'), [0, null])
      },
    )

    await t.test('a queue that is paused gives nothing, also to a worker that starts afterwards', async t => {
      const first = await startWorker(t, env, standInTrainer)
      await takesRuns()
      t.match(await runLyceum(['queue', 'pause'], env), { code: 0, stdout: /CPU: .* paused since/ })
      const id = await queueRun(database, 'finishes')
      await end(first, 'SIGKILL')
      await database.workerNode.deleteMany()
      const second = await startWorker(t, env, standInTrainer)
      await takesRuns()
      await sleep(2_500)
      t.equal(await statusOf(id), 'QUEUED')
      t.match(await runLyceum(['queue', 'resume'], env), { code: 0, stdout: /CPU: 0 running, 1 waiting/ })
      await runBecomes(database, id, 'SUCCEEDED')
      t.strictSame(await end(second, 'SIGTERM'), [0, null])
    })

    await t.test('one without a GPU leaves the runs that ask for one to those that have it', async t => {
      const gpuRun = await queueSpec(database, {
        architecture: 'finishes',
        dataset: 'none',
        engine: 'tensorflow-gpu',
      })
      await database.trainingRun.update({ where: { id: gpuRun }, data: { machineClass: 'GPU' } })
      const worker = await startWorker(t, env, standInTrainer)
      const plain = await queueRun(database, 'finishes')
      await runBecomes(database, plain, 'SUCCEEDED')
      t.equal(await statusOf(gpuRun), 'QUEUED')
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
      const byName = await startWorker(
        t,
        { ...env, LYCEUM_ENGINE: 'tensorflow-gpu', LYCEUM_TENSORFLOW: t.testdir() },
        standInTrainer,
      )
      await runBecomes(database, gpuRun, 'SUCCEEDED')
      t.strictSame(await end(byName, 'SIGTERM'), [0, null])
    })

    await t.test(
      'one with a GPU takes what asks for it first, the others when idle, in the order of shares',
      async t => {
        await pauseQueues(database)
        const taken: string[] = []
        const queue = async (machineClass: MachineClass, owner = 'runner') => {
          const email = `${owner}@lyceum.test`
          const { id: ownerId } = await database.user.upsert({
            where: { email },
            create: { email, name: owner, passwordHash: '-' },
            update: {},
          })
          const run = await database.trainingRun.create({
            data: { ownerId, name: owner, spec: {}, machineClass },
          })
          return run.id
        }
        const eager = [await queue('CPU'), await queue('CPU'), await queue('CPU')]
        await dispatcher.dispatch()
        const late = await queue('CPU', 'late')
        const onGpu = [await queue('GPU'), await queue('GPU', 'late')]
        await dispatcher.dispatch()
        const classes = ['GPU', 'CPU'] as const
        const report = { hostname: 'h', engines: [], cards: [], memoryBytes: 1 }
        await reportWorker(database, 'gpu', { ...report, classes, slots: 1 })
        const consumers = consumeRuns(deps, {
          ...{ workerId: 'gpu', classes, slots: 1 },
          async run({ id }) {
            const runId = id.slice(0, 36)
            taken.push(runId)
            await database.trainingRun.update({ where: { id: runId }, data: { status: 'RUNNING' } })
            await finishRun(database, { runId, attempt: 1 }, { status: 'CANCELLED' })
          },
        })
        t.teardown(() => consumers.close())
        await consumers.ready()
        await resumeQueues(database)
        while (taken.length < 6) await sleep(50)
        t.strictSame(new Set(taken.slice(0, 2)), new Set(onGpu))
        t.ok(
          taken.indexOf(late) < taken.indexOf(eager[1] ?? ''),
          'who came late does not wait for all of the first',
        )
        t.equal(taken.indexOf(eager[2] ?? ''), 5)
        consumers.close()
      },
    )
  }),
)
