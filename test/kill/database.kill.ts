import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { z } from 'zod'
import { openDatabase } from '../../src/platform/database.js'
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.js'
import { migrate } from '../../src/platform/migrate.js'
import { forEachBackend } from '../support/backends.js'
import { freePort } from '../support/free-port.js'
import { startLyceum } from '../support/processes.js'
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

t.setTimeout(240_000)

t.test('After kill -9 of PostgreSQL, with the queue', t =>
  forEachBackend(t, async (t, backend) => {
    const home = await mkdtemp(join(tmpdir(), 'lyceum-database-kill-'))
    const directory = join(home, 'postgres')
    const port = await freePort()
    let postgres = await startEmbeddedPostgres({ directory, port })
    t.teardown(async () => {
      await postgres.stop({ adopted: true })
      await rm(home, { recursive: true, force: true })
    })
    const databaseUrl = postgres.url('lyceum')
    await migrate(databaseUrl, 'prisma/migrations')
    const env = { ...backend.env, DATABASE_URL: databaseUrl, LYCEUM_HOME: home }
    const database = openDatabase(databaseUrl, { connections: 2 })
    t.teardown(() => database.$disconnect())

    await t.test('no run and no event is lost, and no process ended', async t => {
      const server = await startLyceum(t, ['server'], { ...env, PORT: '0' })
      const address = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.ready).port}`
      const worker = await startWorker(t, { ...env, LYCEUM_LOG_LEVEL: 'silent' })
      const [running, waiting] = [
        await queueSpec(database, { ...mnistSpec, epochs: 6 }),
        await queueSpec(database, { ...mnistSpec, epochs: 1 }),
      ]
      await hasHad(database, running, 'step')
      const before = await historyOf(database, running)
      process.kill(
        Number(readFileSync(join(directory, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]),
        'SIGKILL',
      )
      postgres = await startEmbeddedPostgres({ directory, port })

      const runs = [
        await runBecomes(database, running, 'SUCCEEDED'),
        await runBecomes(database, waiting, 'SUCCEEDED'),
      ]
      for (const { id } of runs) {
        const { numbers } = await historyOf(database, id)
        t.strictSame(numbers, withoutGaps(numbers))
      }
      const after = await historyOf(database, running)
      t.strictSame(after.types.slice(0, before.types.length), before.types)
      while ((await fetch(`${address}/readyz`)).status !== 200) await sleep(100)
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
      t.equal(await server.stop(), 0)
    })
  }),
)
