import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.js'
import { migrate } from '../../src/platform/migrate.js'

const template = 'lyceum_template'

/** Starts a server for one run of the tests, with a migrated database that each test file clones. */
export async function startTestPostgres(directory: string) {
  const server = await startEmbeddedPostgres({
    directory,
    // What a test wrote need not survive the machine.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '400' },
  })
  await migrate(server.url(template), 'prisma/migrations')
  return { templateUrl: server.url(template), stop: () => server.stop() }
}

/** A fresh clone of the template database: its address, and the function that drops it. */
export async function cloneDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const templateUrl = process.env.LYCEUM_TEST_DATABASE
  if (templateUrl === undefined) throw new Error("Run tests with 'npm test': it starts their PostgreSQL.")
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(templateUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
  const url = new URL(templateUrl)
  url.pathname = `/${name}`
  return {
    url: url.toString(),
    drop: () => administer(templateUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

async function administer(url: string, sql: string) {
  const admin = new URL(url)
  admin.pathname = '/postgres'
  const client = new pg.Client({ connectionString: admin.toString() })
  await client.connect()
  try {
    // A template can be copied by one at a time.
    await client.query('SELECT pg_advisory_lock(1)')
    await client.query(sql)
  } finally {
    await client.end()
  }
}
