import { Command, Option } from 'commander'
import { type Config, readConfig } from '../config.js'
import { openDatabase } from '../platform/database.js'
import { describeFailure } from '../platform/describe-failure.js'
import { migrate } from '../platform/migrate.js'
import { migrationsDirectory } from '../platform/package-root.js'
import { withDatabaseUrl } from './database-url.js'
import { createUser, readPassword, resetPassword } from './user.js'
import { runWorker } from './worker.js'
import { checkWorkerHealth } from './worker-health.js'

interface QuotaOptions {
  user?: string
  course?: string
  runsAtOnce?: string
  runsWaiting?: string
  gpuSecondsPerDay?: string
}

// What a command needs is loaded when it runs: a server's modules take a second that no help text needs.
const program = new Command('lyceum')
  .description('The backend of an AI university: courses, graded quizzes, training runs.')
  .showHelpAfterError()
  .addHelpText(
    'after',
    `
Environment:
  DATABASE_URL          PostgreSQL to use; without it an embedded one is started under LYCEUM_HOME
  REDIS_URL             Redis for the queue; without it the queue is in PostgreSQL
  HOST, PORT            where the API listens (127.0.0.1, 4000)
  LYCEUM_HOME           the folder of everything that Lyceum keeps (.lyceum)
  docs/operations.md lists the rest.`,
  )

program
  .command('up')
  .description('run everything on this machine: database, migrations, courses, API and one training worker')
  .action(async () => {
    const { up } = await import('./up.js')
    return up(readConfig())
  })

program
  .command('server')
  .description('run the API (the database must be migrated)')
  .action(async () => {
    const config = readConfig()
    const { runServer } = await import('../server.js')
    return runServer(config, requireDatabaseUrl(config))
  })

program
  .command('worker')
  .description('run a training worker (the database must be migrated)')
  .option('--health', 'run none, but say whether one of this machine lives: exit code 0 or 1')
  .action((options: { health?: boolean }) => {
    const databaseUrl = requireDatabaseUrl(readConfig())
    return options.health ? checkWorkerHealth(databaseUrl) : runWorker()
  })

program
  .command('engines')
  .description('try what this machine can train with, and measure it')
  .option('--json', 'print it for programs')
  .action(async (options: { json?: boolean }) => {
    const { listEngines } = await import('./engines.js')
    return listEngines(options)
  })

program
  .command('migrate')
  .description('apply the migrations that the database lacks, creating the database where it is missing')
  .action(() =>
    withDatabaseUrl(readConfig(), async url => {
      const applied = await migrate(url, migrationsDirectory)
      console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
    }),
  )

program
  .command('import')
  .description(
    'import the courses of a folder; unchanged files change nothing, a broken file refuses its course',
  )
  .argument('<directory>', 'a folder of course folders, such as content/')
  .option('--owner <email>', 'the instructor who owns courses that are new')
  .option('--publish', 'publish courses that are new')
  .action((directory: string, options: { owner?: string; publish?: boolean }) =>
    withDatabase(async database => {
      const { describeImport, importContent } = await import('../catalog/import/import-content.js')
      await importContent(database, directory, {
        publish: options.publish ?? false,
        ...(options.owner === undefined ? {} : { ownerEmail: options.owner }),
        onCourse: result => console.log(describeImport(result)),
      })
    }),
  )

const user = program.command('user').description('manage users')
user
  .command('create')
  .description('create a user; the password is read from standard input')
  .argument('<email>')
  .requiredOption('--name <name>', 'the name to show')
  .addOption(
    new Option('--role <role>', 'what the user may do')
      .choices(['student', 'instructor', 'admin'])
      .default('student'),
  )
  .action(async (email: string, options: { name: string; role: string }) => {
    const password = await readPassword()
    await withDatabase(database => createUser(database, { email, password, ...options }))
    console.log(`Created ${options.role} ${email}.`)
  })
user
  .command('password')
  .description('give a user another password, read from standard input, and end all their sign-ins')
  .argument('<email>')
  .action(async (email: string) => {
    const password = await readPassword()
    await withDatabase(database => resetPassword(database, { email, password }))
    console.log(`${email} has another password.`)
  })

const workers = program
  .command('workers')
  .description('the training workers that live')
  .action(() => withQueue(({ showWorkers }, database) => showWorkers(database)))
workers
  .command('drain')
  .description('let a worker finish what it has and take no new runs')
  .argument('<id>')
  .action((id: string) => withQueue(({ setDrain }, database) => setDrain(database, id, true)))
workers
  .command('undrain')
  .description('let a drained worker take runs again')
  .argument('<id>')
  .action((id: string) => withQueue(({ setDrain }, database) => setDrain(database, id, false)))

const queue = program.command('queue').description('the queues of training runs')
queue
  .command('show', { isDefault: true })
  .description('how many runs wait, for which class of machine')
  .action(() => withQueue(({ showQueues }, database) => showQueues(database)))
queue
  .command('pause')
  .description('let no run be taken until the queues are resumed; runs that train go on')
  .action(() => withQueue(({ pause }, database) => pause(database)))
queue
  .command('resume')
  .description('let workers take runs again')
  .action(() => withQueue(({ resume }, database) => resume(database)))
queue
  .command('quota')
  .description('show or change what the runs of a user or a course may take; each value a number, or default')
  .option('--user <email>')
  .option('--course <id>')
  .option('--runs-at-once <count>', 'runs in a queue or on a worker')
  .option('--runs-waiting <count>', 'runs that wait or are paused')
  .option('--gpu-seconds-per-day <seconds>', 'of runs that ask for a GPU')
  .action(({ user, course, ...change }: QuotaOptions) =>
    withQueue(async ({ findQuota, showQuota, setQuota }, database) => {
      const { runQuotas } = readConfig()
      const key = await findQuota(database, {
        ...(user === undefined ? {} : { user }),
        ...(course === undefined ? {} : { course }),
      })
      if (Object.keys(change).length === 0) return showQuota(database, runQuotas, key)
      return setQuota(database, runQuotas, key, change)
    }),
  )

try {
  await program.parseAsync()
} catch (error) {
  // One clear line: whoever wants the stack asks for it.
  console.error(`lyceum: ${describeFailure(error)}`)
  if (process.env.LYCEUM_LOG_LEVEL === 'debug') console.error(error)
  process.exit(1)
}

function requireDatabaseUrl({ databaseUrl }: Config): string {
  if (databaseUrl !== undefined) return databaseUrl
  throw new Error("Name a database in DATABASE_URL, or use 'lyceum up', which starts one.")
}

function withDatabase<T>(action: (database: ReturnType<typeof openDatabase>) => Promise<T>): Promise<T> {
  return withDatabaseUrl(readConfig(), async url => {
    await migrate(url, migrationsDirectory)
    const database = openDatabase(url, { connections: 2 })
    try {
      return await action(database)
    } finally {
      await database.$disconnect()
    }
  })
}

function withQueue<T>(
  action: (commands: typeof import('./queue.js'), database: ReturnType<typeof openDatabase>) => Promise<T>,
): Promise<T> {
  return withDatabase(async database => action(await import('./queue.js'), database))
}
