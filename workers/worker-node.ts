import { hostname } from 'node:os'
import type { Database } from '../src/platform/database.js'
import type { Logger } from '../src/platform/logger.js'
import type { EngineReport } from '../src/training/contract.js'

const heartbeatMs = 2_000

/**
 * Makes this worker known, and says every 2 s that it lives: its health check looks at that.
 *
 * @param findEngines finds out what the machine can do; the worker is known before it has answered
 * @returns the function that takes it off the list
 */
export async function registerWorker(
  database: Database,
  logger: Logger,
  workerId: string,
  findEngines: Promise<EngineReport[]>,
): Promise<() => Promise<void>> {
  let engines: EngineReport[] = []
  const beat = () => database.$executeRaw`
    INSERT INTO worker_nodes (id, hostname, engines, "startedAt", "heartbeatAt")
    VALUES (${workerId}, ${hostname()}, ${JSON.stringify(engines)}::jsonb, now(), now())
    ON CONFLICT (id) DO UPDATE SET engines = excluded.engines, "heartbeatAt" = now()`
  await beat()
  // What was killed could not take itself off.
  await database.$executeRaw`DELETE FROM worker_nodes WHERE "heartbeatAt" < now() - interval '1 day'`
  findEngines.then(found => {
    engines = found
    logger.info({ engines }, 'The engines of this machine')
  })
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
