import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startReconciler } from '../../src/training/reconciler.js'
import { openTestDependencies } from '../support/app.js'
import { queueRun, runBecomes, standInTrainer } from '../support/runs.js'

const workerFile = fileURLToPath(new URL('../../workers/worker.js', import.meta.url))

t.test('After kill -9', async t => {
  const { deps, databaseUrl } = await openTestDependencies(t)
  const { database } = deps
  const stopReconciler = startReconciler(deps)
  t.teardown(stopReconciler)
  const startWorker = async () => {
    const worker = fork(workerFile, [standInTrainer], {
      execArgv: [],
      stdio: ['ignore', 2, 2, 'ipc'],
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        LYCEUM_HOME: deps.config.home,
        LYCEUM_LOG_LEVEL: 'warn',
      },
    })
    t.teardown(() => worker.kill('SIGKILL'))
    await once(worker, 'message')
    return worker
  }

  await t.test('of a worker another finishes its run as attempt 2', async t => {
    const runId = await queueRun(database, 'finishes-second')
    const first = await startWorker()
    await runBecomes(database, runId, 'RUNNING')
    first.kill('SIGKILL')
    await once(first, 'exit')
    const second = await startWorker()
    const run = await runBecomes(database, runId, 'SUCCEEDED', 2)
    t.equal(run.attempt, 2)
    t.match(await database.runAttempt.findMany({ where: { runId }, orderBy: { number: 'asc' } }), [
      { outcome: 'LOST' },
      { outcome: 'SUCCEEDED' },
    ])
    second.kill('SIGTERM')
    t.same(await once(second, 'exit'), [0, null])
  })
  await t.test('of the child its run fails and the worker lives', async t => {
    const worker = await startWorker()
    const runId = await queueRun(database, 'waits')
    await runBecomes(database, runId, 'RUNNING')
    const children = execFileSync('pgrep', ['-P', String(worker.pid)], { encoding: 'utf8' })
    process.kill(Number(children.trim()), 'SIGKILL')
    t.match(await runBecomes(database, runId, 'FAILED'), {
      failure: { code: 'TRAINER_KILLED', fault: 'machine' },
    })
    const next = await queueRun(database, 'finishes')
    t.match(await runBecomes(database, next, 'SUCCEEDED'), { attempt: 1 })
    worker.kill('SIGTERM')
    t.same(await once(worker, 'exit'), [0, null])
  })
})
