import { Redis } from 'ioredis'
import pg from 'pg'
import type { Test } from 'tap'
import { startRedis, type TestRedis, withRedis } from './redis.js'

/** Where the queue of a test lies. */
export interface Backend {
  readonly name: 'postgres' | 'redis'
  /** What makes `openTestDependencies`, or a process, use it. */
  readonly env: Record<string, string>
  /** The server, where it is Redis. */
  readonly redis: TestRedis | undefined
  /** Takes every job away, as a queue that was replaced by an empty one. */
  loseEverything(databaseUrl: string): Promise<void>
}

/** Runs the same tests with the queue on PostgreSQL and on a `redis-server` of their own. */
export async function forEachBackend(t: Test, body: (t: Test, backend: Backend) => Promise<void>) {
  await t.test('on PostgreSQL', t =>
    body(t, { name: 'postgres', env: {}, redis: undefined, loseEverything: truncateQueue }),
  )
  await t.test('on Redis', withRedis, async t => {
    const redis = await startRedis(t)
    const loseEverything = async () => {
      const client = new Redis(redis.url)
      await client.flushall()
      client.disconnect()
    }
    await body(t, { name: 'redis', env: { REDIS_URL: redis.url }, redis, loseEverything })
  })
}

async function truncateQueue(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ tables: string }>(
    `SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS tables FROM pg_tables
     WHERE schemaname = 'bullmq' AND tablename NOT LIKE '%migration%'`,
  )
  await client.query(`TRUNCATE ${rows[0]?.tables}`)
  await client.end()
}
