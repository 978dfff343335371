import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { z } from 'zod'
import { forEachBackend } from '../support/backends.js'
import { freePort } from '../support/free-port.js'
import { openScript, signIn } from '../support/rest.js'
import { childrenOf, end, isAlive, mnistSpec, withoutGaps } from '../support/runs.js'

const lyceumFile = fileURLToPath(new URL('../../src/lyceum.js', import.meta.url))
const accountsFile = z.array(z.object({ role: z.string(), email: z.string(), password: z.string() }))

t.setTimeout(240_000)

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
      for await (const chunk of lyceum.stdout.setEncoding('utf8')) {
        output += chunk
        if (output.includes('Lyceum is ready')) break
      }
      if (!output.includes('Lyceum is ready')) throw new Error(`It ended: ${output}`)
      return lyceum
    }

    await t.test('the next start finishes the run by itself, and stops cleanly', async t => {
      await up()
      const accounts = accountsFile.parse(JSON.parse(readFileSync(join(home, 'demo-accounts.json'), 'utf8')))
      const instructor = accounts.find(account => account.role === 'INSTRUCTOR')
      if (!instructor) throw new Error('No instructor')
      const { launch, numbersOf, token, coursesSeen } = await signIn(address, instructor)
      const courses = await coursesSeen()
      const runId = await launch({ ...mnistSpec, epochs: 5 })
      // queued, starting, started, and at least one step
      while ((await numbersOf(runId)).length < 4) await sleep(100)
      const killed = killAll()
      await backend.redis?.kill()
      while (killed.some(isAlive)) await sleep(50)

      await backend.redis?.start()
      const lyceum = await up()
      const script = openScript(address, token)
      t.equal(await script.coursesSeen(), courses)
      while ((await script.getRun(runId)).status !== 'SUCCEEDED') await sleep(200)
      t.match(await script.getRun(runId), { attempt: 2 })
      const numbers = await script.numbersOf(runId)
      t.strictSame(numbers, withoutGaps(numbers))
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
