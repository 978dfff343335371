import type { Test } from 'tap'
import { startRedis, type TestRedis, withRedis } from './redis.js'

/** Where the queue of a test lies. */
export interface Backend {
  readonly name: 'postgres' | 'redis'
  /** What makes `openTestDependencies`, or a process, use it. */
  readonly env: Record<string, string>
  /** The server, where it is Redis. */
  readonly redis: TestRedis | undefined
}

/** Runs the same tests with the queue on PostgreSQL and on a `redis-server` of their own. */
export async function forEachBackend(t: Test, body: (t: Test, backend: Backend) => Promise<void>) {
  await t.test('on PostgreSQL', t => body(t, { name: 'postgres', env: {}, redis: undefined }))
  await t.test('on Redis', withRedis, async t => {
    const redis = await startRedis(t)
    await body(t, { name: 'redis', env: { REDIS_URL: redis.url }, redis })
  })
}
