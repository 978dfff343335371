import { hostname } from 'node:os'
import type { Config } from '../src/config.js'
import type { Database } from '../src/platform/database.js'
import type { Logger } from '../src/platform/logger.js'

const heartbeatMs = 2_000

/** Makes this worker known, and says every 2 s that it lives. Returns the function that takes it off the list. */
export async function registerWorker(
  database: Database,
  logger: Logger,
  workerId: string,
  engine: Config['engine'],
): Promise<() => Promise<void>> {
  const engines = JSON.stringify([engine])
  const beat = () => database.$executeRaw`
    INSERT INTO worker_nodes (id, hostname, engines, "startedAt", "heartbeatAt")
    VALUES (${workerId}, ${hostname()}, ${engines}::jsonb, now(), now())
    ON CONFLICT (id) DO UPDATE SET "heartbeatAt" = now()`
  await beat()
  // What was killed could not take itself off.
  await database.$executeRaw`DELETE FROM worker_nodes WHERE "heartbeatAt" < now() - interval '1 day'`
  let latest: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    latest = beat().catch(err => logger.warn({ err }, 'The heartbeat of the worker could not be stored'))
  }, heartbeatMs)
  return async () => {
    clearInterval(timer)
    await latest
    await database.workerNode.deleteMany({ where: { id: workerId } })
  }
}
