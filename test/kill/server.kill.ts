import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { z } from 'zod'
import { scratchFolder } from '../../src/platform/scratch.js'
import { openTestDependencies } from '../support/app.js'
import { forEachBackend } from '../support/backends.js'
import { runLyceum, startLyceum } from '../support/processes.js'
import { openScript, signIn } from '../support/rest.js'
import { end, hasHad, mnistSpec, queueSpec, runBecomes, startWorker, withoutGaps } from '../support/runs.js'

t.setTimeout(400_000)

t.test('After kill -9 of the API, with the queue', t =>
  forEachBackend(t, async (t, backend) => {
    const { deps, databaseUrl } = await openTestDependencies(t, backend.env)
    const { database, config } = deps
    const env = { ...backend.env, DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, TMPDIR: t.testdir() }
    const account = { email: 'instructor@lyceum.test', password: 'a long password' }
    const create = ['user', 'create', account.email, '--name', 'I', '--role', 'instructor']
    t.equal((await runLyceum(create, env, `${account.password}\n`)).code, 0)
    const startServer = async () => {
      const server = await startLyceum(t, ['server'], { ...env, PORT: '0' })
      const { port } = z.object({ port: z.number() }).parse(server.ready)
      return { server, address: `http://127.0.0.1:${port}` }
    }

    await t.test('its runs go on, and the next one shows them without a gap', async t => {
      const first = await startServer()
      const worker = await startWorker(t, env)
      const { launch, token } = await signIn(first.address, account)
      const runId = await launch({ ...mnistSpec, epochs: 5 })
      await hasHad(database, runId, 'step')
      await end(first.server.process, 'SIGKILL')
      const waiting = await queueSpec(database, { ...mnistSpec, epochs: 1 })
      const second = await startServer()
      const script = openScript(second.address, token)
      await runBecomes(database, runId, 'SUCCEEDED')
      t.match(await script.getRun(runId), { status: 'SUCCEEDED', attempt: 1 })
      const numbers = await script.numbersOf(runId)
      t.strictSame(numbers, withoutGaps(numbers))
      t.match(await runBecomes(database, waiting, 'SUCCEEDED'), { attempt: 1 }, 'nobody had enqueued it')
      t.strictSame(await end(worker, 'SIGTERM'), [0, null])
      t.equal(await second.server.stop(), 0)
    })

    await t.test('what it was unpacking is removed by the next one', async t => {
      const unpacking = () => readdirSync(`${env.TMPDIR}/${scratchFolder}`)
      const first = await startServer()
      const { token } = await signIn(first.address, account)
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/zip' }
      const upload = request(`${first.address}/api/v1/models?title=Half`, { method: 'POST', headers })
      upload.on('error', () => {}).write('PK')
      while (unpacking().length === 0) await sleep(20)
      await end(first.server.process, 'SIGKILL')
      t.equal(unpacking().length, 1, 'nobody was there to remove it')
      const second = await startServer()
      t.strictSame(unpacking(), [])
      t.equal(await second.server.stop(), 0)
    })
  }),
)
