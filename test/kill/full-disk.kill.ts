import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createDispatcher } from '../../src/training/queue/dispatcher.js'
import { startReconciler } from '../../src/training/runs/reconciler.js'
import { runEvent } from '../../src/training/runs/run-events.js'
import { openTestDependencies } from '../support/app.js'
import {
  childrenOf,
  end,
  hasHad,
  historyOf,
  mnistSpec,
  queueSpec,
  runBecomes,
  withoutGaps,
} from '../support/runs.js'

t.setTimeout(200_000)

const workerFile = fileURLToPath(new URL('../../workers/worker.js', import.meta.url))

// Only on Linux can one who is not root have a small disk.
const ownMounts = ['--user', '--map-root-user', '--mount']
const canMount = spawnSync('unshare', [...ownMounts, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
const skip = canMount ? false : 'no small disk can be made on this machine'

/** A real worker whose directories are disks of 32 MiB each, which it alone sees. */
async function startWorkerOnSmallDisks(t: Test, env: Record<string, string>, directories: string[]) {
  const mounts = directories.map(directory => `mount -t tmpfs -o size=32m tmpfs '${directory}'`).join(' && ')
  const worker = spawn(
    'unshare',
    [...ownMounts, 'sh', '-c', `${mounts} && exec "$0" "$1"`, process.execPath, workerFile],
    {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: { ...process.env, LYCEUM_LOG_LEVEL: 'fatal', ...env },
    },
  )
  t.teardown(() => worker.kill('SIGKILL'))
  await once(worker, 'message')
  return worker
}

/** The path by which others reach what only this process has mounted. */
const seenBy = ({ pid }: ChildProcess, path: string) => join(`/proc/${pid}/root`, path)

/** Fills a disk of the worker's to the last byte. Returns the function that frees it. */
function fill(worker: ChildProcess, directory: string) {
  const ballast = seenBy(worker, join(directory, 'ballast'))
  for (const bytes of [1024 * 1024, 4096]) {
    try {
      for (;;) writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    }
  }
  return () => rmSync(ballast)
}

t.test('A disk that is full', { skip }, async t => {
  const { deps, databaseUrl } = await openTestDependencies(t)
  const { database, config } = deps
  t.teardown(startReconciler(deps, createDispatcher(deps)))
  const scratch = t.testdir()
  await mkdir(config.storageDirectory, { recursive: true })
  const worker = await startWorkerOnSmallDisks(
    t,
    { DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, LYCEUM_ENGINE: 'wasm', TMPDIR: scratch },
    [config.storageDirectory, scratch],
  )
  const countOf = (runId: string, type: string) => database.runEvent.count({ where: { runId, type } })
  const hasOneMore = async (runId: string, type: string) => {
    const before = await countOf(runId, type)
    while ((await countOf(runId, type)) === before) await sleep(50)
  }
  const latestCheckpoint = (runId: string) =>
    database.runCheckpoint.findFirstOrThrow({ where: { runId }, orderBy: { step: 'desc' } })

  for (const [name, directory] of [
    ['of the storage', config.storageDirectory],
    ['that a run works on', scratch],
  ] as const) {
    await t.test(`${name} costs a checkpoint, not the run, nor the checkpoint before`, async t => {
      const runId = await queueSpec(database, { ...mnistSpec, trainingImages: 600, epochs: 15 })
      await hasHad(database, runId, 'checkpoint')
      const free = fill(worker, directory)
      await hasHad(database, runId, 'checkpointFailed')
      const kept = await latestCheckpoint(runId)
      const failed = await database.runEvent.findFirstOrThrow({ where: { runId, type: 'checkpointFailed' } })
      t.match(runEvent.parse(failed.payload), { reason: /no space left/i })
      free()
      await hasOneMore(runId, 'checkpoint')
      const [trainer] = childrenOf(worker.pid)
      t.ok((await latestCheckpoint(runId)).step > kept.step)

      const freeAgain = fill(worker, directory)
      await hasOneMore(runId, 'checkpointFailed')
      const { step } = await latestCheckpoint(runId)
      freeAgain()
      process.kill(trainer ?? 0, 'SIGKILL')
      t.match(await runBecomes(database, runId, 'SUCCEEDED'), { attempt: 2 })
      const begun = await database.runEvent.findFirstOrThrow({
        where: { runId, attempt: 2, type: 'started' },
      })
      const started = runEvent.parse(begun.payload)
      t.ok(started.type === 'started' && (started.resumedFrom?.step ?? 0) >= step)
      const { numbers } = await historyOf(database, runId)
      t.strictSame(numbers, withoutGaps(numbers))
    })
  }

  await t.test(
    'at the end of a run fails it the third time, with a hint and without half a model',
    async t => {
      const runId = await queueSpec(database, { ...mnistSpec, trainingImages: 600, epochs: 1 })
      await hasHad(database, runId, 'started')
      const free = fill(worker, config.storageDirectory)
      const { failure, modelKey, attempt } = await runBecomes(database, runId, 'FAILED')
      t.match(failure, { code: 'MODEL_NOT_STORED', fault: 'machine', hint: /space/ })
      t.strictSame([modelKey, attempt], [null, 3])
      for (let attempt = 1; attempt <= 3; attempt++) {
        t.notOk(existsSync(seenBy(worker, join(config.storageDirectory, 'runs', runId, `${attempt}`))))
      }
      const { numbers, types } = await historyOf(database, runId)
      t.strictSame(numbers, withoutGaps(numbers))
      t.equal(types.at(-1), 'failed')
      free()
      const next = await queueSpec(database, { ...mnistSpec, epochs: 1 })
      await runBecomes(database, next, 'SUCCEEDED')
      t.pass('the worker goes on with the next run')
    },
  )
  t.strictSame(await end(worker, 'SIGTERM'), [0, null])
})
