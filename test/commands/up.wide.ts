import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { freePort } from '../support/free-port.js'
import { runLyceum } from '../support/processes.js'
import { childrenOf, isAlive } from '../support/runs.js'

t.setTimeout(180_000)

const packageRoot = fileURLToPath(new URL('../../../', import.meta.url))
const lyceumFile = fileURLToPath(new URL('../../src/lyceum.js', import.meta.url))

/** `lyceum up` on a folder, and what it has said. */
function startUp(t: Test, home: string, port: number, command = [process.execPath, lyceumFile, 'up']) {
  const env = { PATH: process.env.PATH, LYCEUM_HOME: home, PORT: `${port}` }
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd: packageRoot, env, stdio: ['ignore', 'pipe', 'pipe'] })
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

/** Where the database of a folder listens, as its own files say. */
function postgresUrlOf(home: string): string {
  const port = readFileSync(join(home, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[3]
  const password = readFileSync(join(home, 'postgres', 'password'), 'utf8').trim()
  return `postgresql://lyceum:${password}@127.0.0.1:${port}/lyceum`
}

/** A folder that nobody has used yet. */
async function newHome(t: Test): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'lyceum-up-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  return home
}

t.test('lyceum up, told to stop while the database is only starting, leaves no process', async t => {
  const home = await newHome(t)
  const first = startUp(t, home, await freePort())
  await first.said('Starting the embedded PostgreSQL')
  first.child.kill('SIGTERM')
  t.strictSame(await first.exit, [0, null], first.output())
  const postmaster = postmasterOf(home)
  t.notOk(postmaster !== undefined && isAlive(postmaster))
})

t.test('lyceum up runs everything, once on a folder, and stops whole at Ctrl-C', async t => {
  const home = await newHome(t)
  const lock = join(home, 'up.pid')
  // Whoever held it was killed, and two come to take it.
  writeFileSync(lock, String(spawnSync(process.execPath, ['-e', '']).pid))
  const ports = await Promise.all([freePort(), freePort()])
  const both = ports.map(port => ({ port, ...startUp(t, home, port) }))
  const refused = await Promise.race(both.map(async up => ({ up, exit: await up.exit })))
  const running = both.find(up => up !== refused.up)
  if (!running) throw new Error('Nobody is left.')
  t.strictSame(refused.exit, [1, null], refused.up.output())
  const line = `^lyceum: Lyceum runs or starts in ${home} already \\(process ${running.child.pid}\\): stop it first`
  t.match(refused.up.output(), new RegExp(line))

  await running.said('Lyceum is ready')
  t.match(running.output(), /deep-learning-basics: created/)
  t.match(running.output(), /student +student@lyceum\.local +\S{20}\n/)
  const isReady = async () => (await fetch(`http://127.0.0.1:${running.port}/readyz`)).status === 200
  t.ok(await isReady())
  const later = await runLyceum(['up'], { LYCEUM_HOME: home, PORT: `${await freePort()}` })
  t.match(later, { code: 1, stderr: /^lyceum: Lyceum runs or starts in / })
  const url = postgresUrlOf(home)
  const elsewhere = { LYCEUM_HOME: await newHome(t), PORT: `${await freePort()}`, DATABASE_URL: url }
  t.match(await runLyceum(['up'], elsewhere), {
    code: 1,
    stderr: /^lyceum: Lyceum is running on this database already: stop it first/,
  })
  t.ok(await isReady(), 'the first goes on')

  const processes = descendantsOf(running.child.pid)
  t.ok(processes.length >= 3, 'the database, the API and a worker')
  running.child.kill('SIGINT')
  t.strictSame(await running.exit, [0, null])
  t.strictSame(processes.filter(isAlive), [])
  t.notOk(existsSync(lock))
})

t.test('npm start stops everything when npm alone is told to', async t => {
  const home = await newHome(t)
  const start = startUp(t, home, await freePort(), ['npm', 'start'])
  await start.said('Lyceum is ready')
  const processes = descendantsOf(start.child.pid)
  t.ok(processes.length >= 4, 'npm’s shell, the database, the API and a worker')
  // npm ends at once; the last of its processes closes what they write to.
  const silent = once(start.child.stdout, 'close')
  start.child.kill('SIGTERM')
  await silent
  t.match(start.output(), /Stopped\.\n$/)
  t.strictSame(processes.filter(isAlive), [])
})
