import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { forEachBackend } from '../support/backends.js'
import { freePort } from '../support/free-port.js'
import { signIn } from '../support/rest.js'
import { childrenOf, end, isAlive, mnistSpec, withoutGaps } from '../support/runs.js'

const lyceumFile = fileURLToPath(new URL('../../src/lyceum.js', import.meta.url))
const accountsFile = z.array(z.object({ role: z.string(), email: z.string(), password: z.string() }))

t.setTimeout(400_000)

t.test("After kill -9 of everything that 'lyceum up' started, with the queue", t =>
  forEachBackend(t, async (t, backend) => {
    const home = await mkdtemp(join(tmpdir(), 'lyceum-everything-'))
    const port = await freePort()
    const address = `http://127.0.0.1:${port}`
    let latest: ChildProcess | undefined
    const killAll = () => {
      const pids = latest?.pid === undefined ? [] : descendantsOf(latest.pid)
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
      return pids
    }
    t.teardown(async () => {
      killAll()
      await rm(home, { recursive: true, force: true })
    })
    const up = async () => {
      const lyceum = spawn(process.execPath, [lyceumFile, 'up'], {
        env: { PATH: process.env.PATH, TMPDIR: home, ...backend.env, LYCEUM_HOME: home, PORT: `${port}` },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      latest = lyceum
      let output = ''
      const ready = new Promise<void>((resolve, reject) => {
        lyceum.stdout.setEncoding('utf8').on('data', chunk => {
          output += chunk
          if (output.includes('Lyceum is ready')) resolve()
        })
        lyceum.once('exit', () => reject(new Error(`It ended before it was ready: ${output}`)))
      })
      await ready
      return lyceum
    }

    await up()
    const accounts = accountsFile.parse(JSON.parse(readFileSync(join(home, 'demo-accounts.json'), 'utf8')))
    const instructor = accounts.find(account => account.role === 'INSTRUCTOR')
    if (!instructor) throw new Error('No instructor')
    const script = await signIn(address, instructor)
    const { launch, statusOf, numbersOf } = script
    const trains = async (runId: string) => {
      // queued, starting, started, and at least one step
      while ((await numbersOf(runId)).length < 4) await sleep(100)
    }
    const isFinished = async (t: Test, runId: string) => {
      while ((await statusOf(runId)) !== 'SUCCEEDED') await sleep(200)
      const numbers = await numbersOf(runId)
      t.strictSame(numbers, withoutGaps(numbers))
    }

    if (backend.name === 'postgres') {
      await t.test('or of PostgreSQL alone, it comes back and the run is finished', async t => {
        const runId = await launch(mnistSpec)
        await trains(runId)
        const before = childrenOf(latest?.pid)
        const pidFile = join(home, 'postgres', 'cluster', 'postmaster.pid')
        process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGKILL')
        await isFinished(t, runId)
        const now = childrenOf(latest?.pid)
        t.equal(before.filter(pid => !now.includes(pid)).length, 1, 'only PostgreSQL had ended')
      })
    }

    await t.test('the next start finishes the run by itself, and stops cleanly', async t => {
      const courses = await script.coursesSeen()
      const runId = await launch(mnistSpec)
      await trains(runId)
      const killed = killAll()
      await backend.redis?.kill()
      while (killed.some(isAlive)) await sleep(50)

      await backend.redis?.start()
      const lyceum = await up()
      t.equal(await script.coursesSeen(), courses)
      await isFinished(t, runId)
      t.match(await script.getRun(runId), { attempt: 2 })
      const all = descendantsOf(lyceum.pid ?? 0)
      t.strictSame(await end(lyceum, 'SIGTERM'), [0, null])
      t.strictSame(all.filter(isAlive), [], 'no process is left')
    })
  }),
)

/** A process, its children, and theirs. */
function descendantsOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(descendantsOf)]
}
