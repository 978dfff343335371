import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { freePort } from '../support/free-port.js'
import { runLyceum } from '../support/processes.js'
import { childrenOf, isAlive } from '../support/runs.js'

t.setTimeout(180_000)

const lyceumFile = fileURLToPath(new URL('../../src/lyceum.js', import.meta.url))

/** `lyceum up` on a folder, and what it has said. */
function startUp(t: Test, home: string, port: number) {
  const env = { PATH: process.env.PATH, LYCEUM_HOME: home, PORT: `${port}` }
  const child = spawn(process.execPath, [lyceumFile, 'up'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = once(child, 'exit')
  t.teardown(async () => {
    child.kill()
    await exit
  })
  let output = ''
  const said = (what: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => output.includes(what) && resolve()
      child.stdout.on('data', look)
      exit.then(() => reject(new Error(`It ended without '${what}': ${output}`)))
      look()
    })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  return { child, exit, said, output: () => output }
}

function descendantsOf(pid: number | undefined): number[] {
  return childrenOf(pid).flatMap(child => [child, ...descendantsOf(child)])
}

/** The server on a cluster, which does not depend on who started it. */
function postmasterOf(home: string): number | undefined {
  const file = join(home, 'postgres', 'cluster', 'postmaster.pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined
}

t.test('lyceum up', async t => {
  const home = await mkdtemp(join(tmpdir(), 'lyceum-up-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  const port = await freePort()

  await t.test('told to stop while the database is only starting, leaves no process', async t => {
    const first = startUp(t, home, port)
    await first.said('Starting the embedded PostgreSQL')
    first.child.kill('SIGTERM')
    t.strictSame(await first.exit, [0, null], first.output())
    const postmaster = postmasterOf(home)
    t.notOk(postmaster !== undefined && isAlive(postmaster))
  })

  await t.test('runs everything, once on a folder, and stops whole at Ctrl-C', async t => {
    const running = startUp(t, home, port)
    await running.said('Lyceum is ready')
    t.match(running.output(), /deep-learning-basics: (created|unchanged)/)
    t.match(running.output(), /student +student@lyceum\.local +\S{20}\n/)
    t.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)

    const environment = { LYCEUM_HOME: home, PORT: `${await freePort()}` }
    const second = await runLyceum(['up'], environment)
    t.match(second, { code: 1, stderr: /^lyceum: Lyceum is running on this database already: stop it first/ })
    t.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200, 'the first goes on')

    const processes = descendantsOf(running.child.pid)
    t.ok(processes.length >= 3, 'the database, the API and a worker')
    running.child.kill('SIGINT')
    t.strictSame(await running.exit, [0, null])
    t.strictSame(processes.filter(isAlive), [])
  })
})
