import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { z } from 'zod'
import type { Database } from '../../src/platform/database.js'
import { createDispatcher } from '../../src/training/queue/dispatcher.js'
import { startReconciler } from '../../src/training/runs/reconciler.js'
import { openTestDependencies } from '../support/app.js'
import { forEachBackend } from '../support/backends.js'
import { startTestPostgres } from '../support/postgres.js'
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

const dayMs = 86_400_000

const library = findFaketime()
const missing = 'libfaketime is not installed'
if (library === undefined && process.env.LYCEUM_REQUIRE_FAKETIME) throw new Error(missing)

/** Debian's package `faketime` lets the clock of a process say what stands in a file. */
function findFaketime(): string | undefined {
  return readdirSync('/usr/lib', { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`)
    .find(existsSync)
}

/** A clock that processes with its environment read, and that is set at will. */
function makeClock() {
  const file = join(mkdtempSync(join(tmpdir(), 'lyceum-clock-')), 'offset')
  const setTo = (offset: string) => writeFileSync(file, `${offset}\n`)
  setTo('+0')
  return {
    setTo,
    env: {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Its semaphores would be shared with processes that end by SIGKILL.
      FAKETIME_DISABLE_SHM: '1',
    },
  }
}

t.test('A clock that jumps', { skip: library === undefined && missing }, async t => {
  const clock = makeClock()
  // The processes that this one starts inherit its environment, PostgreSQL among them.
  Object.assign(process.env, clock.env)
  const directory = mkdtempSync(join(tmpdir(), 'lyceum-clock-'))
  const postgres = await startTestPostgres(directory)
  for (const name of Object.keys(clock.env)) delete process.env[name]
  t.teardown(() => postgres.stop())
  process.env.LYCEUM_TEST_DATABASE = postgres.templateUrl

  await forEachBackend(t, async (t, backend) => {
    const { deps, databaseUrl } = await openTestDependencies(t, backend.env)
    const { database, config } = deps
    t.teardown(startReconciler(deps, createDispatcher(deps)))
    const own = { DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, LYCEUM_ENGINE: 'wasm' }

    await t.test("a worker's does not matter to its run, nor to the run's time limit", async t => {
      const workers = makeClock()
      const worker = await startWorker(t, { ...backend.env, ...own, ...workers.env })
      const runId = await queueSpec(database, { ...mnistSpec, maxSeconds: 600 })
      await hasHad(database, runId, 'step')
      workers.setTo('+3d')
      const told = spawnSync(process.execPath, ['-p', 'Date.now()'], { env: workers.env, encoding: 'utf8' })
      t.ok(Number(told.stdout) > Date.now() + 2 * dayMs, 'Node takes its time from that clock')
      await hasHad(database, runId, 'checkpoint')
      workers.setTo('-3d')
      t.match(await runBecomes(database, runId, 'SUCCEEDED'), { attempt: 1 })
      await isWhole(t, database, runId)
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
    })

    await t.test("the database's costs a run an attempt at most, and the next run nothing", async t => {
      const worker = await startWorker(t, { ...backend.env, ...own })
      const runId = await queueSpec(database, { ...mnistSpec, trainingImages: 1_000, epochs: 10 })
      await hasHad(database, runId, 'checkpoint')
      clock.setTo('+1h')
      const [{ now }] = z.tuple([z.object({ now: z.date() })]).parse(await database.$queryRaw`SELECT now()`)
      t.ok(now.getTime() > Date.now() + dayMs / 48, 'and so does PostgreSQL')
      await sleep(5_000)
      clock.setTo('-1h')
      await runBecomes(database, runId, 'SUCCEEDED')
      await isWhole(t, database, runId)
      const next = await queueSpec(database, { ...mnistSpec, epochs: 1 })
      await runBecomes(database, next, 'SUCCEEDED')
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
    })

    await t.test('a worker that died before the clock went back is found all the same', async t => {
      const worker = await startWorker(t, { ...backend.env, ...own })
      const runId = await queueSpec(database, { ...mnistSpec, trainingImages: 1_000, epochs: 10 })
      await hasHad(database, runId, 'checkpoint')
      await end(worker, 'SIGKILL')
      clock.setTo('-3h')
      const other = await startWorker(t, { ...backend.env, ...own })
      t.match(await runBecomes(database, runId, 'SUCCEEDED'), { attempt: 2 })
      await isWhole(t, database, runId)
      t.strictSame(await end(other, 'SIGTERM'), [0, null])
      clock.setTo('+0')
    })
  })
})

/** Nothing is missing from the history, and nothing stands in it twice. */
async function isWhole(t: Test, database: Database, runId: string) {
  const { numbers } = await historyOf(database, runId)
  t.strictSame(numbers, withoutGaps(numbers))
  const epochs = await database.runEvent.findMany({
    where: { runId, type: 'epoch' },
    orderBy: { number: 'asc' },
  })
  t.match(
    epochs.map(({ payload }) => payload),
    epochs.map((_, index) => ({ epoch: index + 1 })),
  )
}
