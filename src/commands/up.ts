import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import type { Config } from '../config.js'
import { type DemoAccount, ensureDemoAccounts } from '../identity/demo-accounts.js'
import { openDatabase } from '../platform/database.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../platform/embedded-postgres.js'
import { describeListenError } from '../platform/listen-error.js'
import { takeLockFile } from '../platform/lock-file.js'
import { migrate } from '../platform/migrate.js'
import { migrationsDirectory, packageRoot } from '../platform/package-root.js'
import { onStop } from '../platform/stop.js'
import { importCourses } from './import-courses.js'

const restartDelayMs = 1_000
/** The advisory lock that keeps a second `lyceum up` off the same database. */
const upLock = 0x6c796365

/** Everything on one machine: the database, its migrations, the courses, the API and one training worker. */
export async function up(config: Config): Promise<void> {
  if (config.databaseUrl === undefined) process.once('exit', await takeHome(config.home))
  await requireFreePort(config)
  // Whoever read along may have left (`npm start | head`): that is no reason to stop.
  process.stdout.on('error', () => {})
  const children: ChildProcess[] = []
  let postgres: Promise<EmbeddedPostgres> | undefined
  let lock: pg.Client | undefined
  let stopping = false
  const stop = async () => {
    stopping = true
    await Promise.all(children.map(stopChild))
    await lock?.end().catch(() => {})
    // An adopted server was left behind by a Lyceum that was killed: nobody else will stop it.
    // One that is only starting is waited for: it would outlive this process.
    await postgres?.then(server => server.stop({ adopted: lock !== undefined })).catch(() => {})
  }
  onStop(async () => {
    say('\nStopping …')
    await stop()
    say('Stopped.')
  })
  try {
    const databaseUrl = config.databaseUrl ?? (await startDatabase())
    const applied = await step('Migrating the database', () => migrate(databaseUrl, migrationsDirectory))
    if (applied.length > 0) say(`  applied ${applied.join(', ')}`)
    lock = await takeLock(databaseUrl)
    const env = {
      ...process.env,
      DATABASE_URL: databaseUrl,
      LYCEUM_EMBEDDED: String(config.embedded),
      LYCEUM_LOG_LEVEL: process.env.LYCEUM_LOG_LEVEL ?? 'warn',
      LYCEUM_LOG_PRETTY: process.env.LYCEUM_LOG_PRETTY ?? 'true',
    }
    // Together, for most of what each does is to wait: the API hears of courses as they come.
    const [accounts] = await Promise.all([
      step('Importing the courses', () => prepare(config, databaseUrl)),
      step('Starting the API', () => startServer(env)),
      step('Starting a training worker', () => startWorker(env)),
    ])
    say(welcome(config, accounts))
  } catch (error) {
    // What was told to stop fails in the step in which it was: that is no error.
    if (stopping) return
    await stop()
    throw error
  }

  async function startDatabase(place: { port?: number } = {}): Promise<string> {
    postgres = step('Starting the embedded PostgreSQL', () =>
      startEmbeddedPostgres({ directory: join(config.home, 'postgres'), ...place }),
    )
    const server = await postgres
    const databaseUrl = server.url('lyceum')
    server.ended.then(() => {
      if (!stopping) restartDatabase(databaseUrl)
    })
    return databaseUrl
  }

  /** Where it was: API and worker wait for it to return. */
  function restartDatabase(databaseUrl: string) {
    console.error('The embedded PostgreSQL ended; it is started again.')
    startDatabase({ port: Number(new URL(databaseUrl).port) })
      .then(takeLock)
      .then(taken => {
        lock = taken
      })
      .catch(error => {
        if (stopping) return
        console.error(error.message)
        stop().finally(() => process.exit(1))
      })
  }

  async function startServer(env: NodeJS.ProcessEnv) {
    const server = await start(join(packageRoot, 'dist/src/lyceum.js'), ['server'], env)
    server.once('exit', code => {
      if (stopping) return
      console.error(`The API ended with ${code}; see above.`)
      stop().finally(() => process.exit(1))
    })
  }

  async function startWorker(env: NodeJS.ProcessEnv) {
    const worker = await start(join(packageRoot, 'dist/workers/worker.js'), [], env)
    worker.once('exit', code => {
      children.splice(children.indexOf(worker), 1)
      if (stopping) return
      console.error(`The training worker ended with ${code}; it is started again.`)
      setTimeout(() => {
        if (!stopping) startWorker(env).catch(error => console.error(error.message))
      }, restartDelayMs)
    })
  }

  /** Forks a process of Lyceum and waits until it says that it is ready. */
  async function start(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<ChildProcess> {
    const child = fork(file, args, { env, stdio: 'inherit' })
    children.push(child)
    const ready = once(child, 'message')
    const exit = once(child, 'exit').then(([code]) => {
      throw new Error(`It ended with ${code} before it was ready; see above.`)
    })
    exit.catch(() => {})
    await Promise.race([ready, exit])
    return child
  }
}

async function prepare(config: Config, databaseUrl: string): Promise<DemoAccount[]> {
  const database = openDatabase(databaseUrl, { connections: 2 })
  try {
    const accounts = await ensureDemoAccounts(database, config)
    const owner = accounts.find(account => account.role === 'INSTRUCTOR')
    const options = {
      publish: config.embedded,
      ...(owner === undefined ? {} : { ownerEmail: owner.email }),
    }
    await importCourses(database, config.contentDirectory, options, say)
    return accounts
  } finally {
    await database.$disconnect()
  }
}

/** From before its first database on, a folder is of one `lyceum up`: two would make two clusters in one place. */
async function takeHome(home: string): Promise<() => void> {
  const file = join(home, 'up.pid')
  const lock = await takeLockFile(file)
  if ('release' in lock) return lock.release
  throw new Error(
    `Lyceum runs or starts in ${home} already (process ${lock.owner}): stop it first, or set LYCEUM_HOME to ` +
      `another folder. If that process is another program, delete ${file}.`,
  )
}

async function takeLock(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
    upLock,
  ])
  if (rows[0]?.taken) return client
  await client.end()
  throw new Error(
    `Lyceum is running on this database already: stop it first, or set LYCEUM_HOME to another folder.`,
  )
}

async function requireFreePort({ host, port }: Config): Promise<void> {
  const probe = createServer()
  try {
    probe.listen(port, host)
    await once(probe, 'listening')
  } catch (error) {
    throw describeListenError(error, { host, port })
  } finally {
    probe.close()
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 9_000)
  await exit
  clearTimeout(force)
}

async function step<T>(what: string, action: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  say(`${what} …`)
  try {
    const result = await action()
    const seconds = (performance.now() - begun) / 1000
    if (seconds >= 1) say(`  took ${seconds.toFixed(1)} s`)
    return result
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function welcome(config: Config, accounts: readonly DemoAccount[]): string {
  const base = `http://${config.host === '0.0.0.0' ? 'localhost' : config.host}:${config.port}`
  const lines = [
    '',
    'Lyceum is ready.',
    '',
    ...(config.graphiql ? [`  GraphiQL       ${base}/graphiql`] : []),
    `  GraphQL        ${base}/graphql`,
    `  API reference  ${base}/api/docs`,
    `  Health         ${base}/readyz`,
  ]
  if (accounts.length > 0) {
    const width = Math.max(...accounts.map(account => account.email.length))
    lines.push(
      '',
      'Sign in as',
      ...accounts.map(
        ({ role, email, password }) =>
          `  ${role.toLowerCase().padEnd(13)}  ${email.padEnd(width)}  ${password}`,
      ),
      '',
      `  curl -s ${base}/api/v1/session -H 'content-type: application/json' \\`,
      `    -d '{"email":"${accounts[0]?.email}","password":"${accounts[0]?.password}"}'`,
      '',
      `The passwords were made at random for this folder and are kept in ${join(config.home, 'demo-accounts.json')}.`,
    )
  }
  return [...lines, '', 'Ctrl-C stops it.'].join('\n')
}

function say(line: string) {
  console.log(line)
}
