import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { connect } from './connect.js'

/** The advisory lock that Prisma's own engine takes while it migrates, so that the two exclude each other. */
const prismaMigrationLock = 72707369

// As Prisma's engine creates it: `prisma migrate status` agrees with what is written here.
const ledger = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)`

/**
 * Applies the migrations that the database lacks, in order, as `prisma migrate deploy` does, without the CLI.
 * Creates the database where it is missing.
 *
 * @returns the names of the migrations applied
 * @throws Error where a migration failed now or before; the message says which, why and what to do
 */
export async function migrate(url: string, directory: string): Promise<string[]> {
  const client = await connectOrCreate(url)
  try {
    await client.query('SELECT pg_advisory_lock($1)', [prismaMigrationLock])
    await client.query(ledger)
    const { rows } = await client.query<{
      migration_name: string
      checksum: string
      finished_at: Date | null
    }>('SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL')
    const failed = rows.find(row => row.finished_at === null)
    if (failed) {
      throw new Error(
        `Migration ${failed.migration_name} failed before. Repair the database, then run ` +
          `'npx prisma migrate resolve --rolled-back ${failed.migration_name}' and migrate again.`,
      )
    }
    const known = new Map(rows.map(row => [row.migration_name, row.checksum]))
    const applied: string[] = []
    for (const { name, sql, checksum } of readMigrations(directory)) {
      const before = known.get(name)
      if (before === checksum) continue
      if (before !== undefined)
        throw new Error(`Migration ${name} was edited after it was applied: restore it.`)
      await apply(client, name, sql, checksum)
      applied.push(name)
    }
    return applied
  } finally {
    // Ending the connection frees the lock too.
    await client.end()
  }
}

/** Whether every migration of the directory is applied: what a server asks before it serves. */
export async function pendingMigrations(url: string, directory: string): Promise<string[]> {
  const client = await connect(url)
  try {
    const { rows: tables } = await client.query<{ name: string | null }>(
      `SELECT to_regclass('_prisma_migrations')::text AS name`,
    )
    const done =
      tables[0]?.name == null
        ? []
        : (
            await client.query<{ migration_name: string }>(
              'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
            )
          ).rows.map(row => row.migration_name)
    return readMigrations(directory)
      .map(migration => migration.name)
      .filter(name => !done.includes(name))
  } finally {
    await client.end()
  }
}

function readMigrations(directory: string) {
  return readdirSync(directory, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort()
    .map(name => {
      const sql = readFileSync(join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

async function apply(client: pg.Client, name: string, sql: string, checksum: string) {
  const id = randomUUID()
  await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [
    id,
    checksum,
    name,
  ])
  try {
    await client.query(sql) // One simple-protocol message is one implicit transaction.
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, reason])
    throw new Error(`Migration ${name} failed: ${reason}`, { cause: error })
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1',
    [id],
  )
}

async function connectOrCreate(url: string): Promise<pg.Client> {
  try {
    return await connect(url)
  } catch (error) {
    if (!(error instanceof Error) || !isPostgresError(error.cause, '3D000')) throw error
  }
  const maintenance = new URL(url)
  const name = decodeURIComponent(maintenance.pathname.slice(1))
  maintenance.pathname = '/postgres'
  const admin = await connect(maintenance.toString())
  try {
    await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`)
  } catch (error) {
    // Somebody else was faster.
    if (!isPostgresError(error, '42P04') && !isPostgresError(error, '23505')) throw error
  } finally {
    await admin.end()
  }
  return connect(url)
}

function isPostgresError(error: unknown, code: string): boolean {
  return error instanceof pg.DatabaseError && error.code === code
}
