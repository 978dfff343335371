import { hostname } from 'node:os'
import type { Database } from '../src/platform/database.js'
import type { Logger } from '../src/platform/logger.js'
import type { EngineReport } from './probe/choose-for-worker.js'

const heartbeatMs = 2_000

export interface RegisteredWorker {
  /** Says what this worker computes on, as soon as it knows. */
  reportEngines(report: EngineReport): Promise<void>
  /** Takes it off the list. */
  unregister(): Promise<void>
}

/** Makes this worker known, and says every 2 s that it lives. */
export async function registerWorker(
  database: Database,
  logger: Logger,
  workerId: string,
): Promise<RegisteredWorker> {
  let engines = JSON.stringify([])
  const beat = () => database.$executeRaw`
    INSERT INTO worker_nodes (id, hostname, engines, "startedAt", "heartbeatAt")
    VALUES (${workerId}, ${hostname()}, ${engines}::jsonb, now(), now())
    ON CONFLICT (id) DO UPDATE SET engines = EXCLUDED.engines, "heartbeatAt" = now()`
  await beat()
  // What was killed could not take itself off.
  await database.$executeRaw`DELETE FROM worker_nodes WHERE "heartbeatAt" < now() - interval '1 day'`
  let latest: Promise<unknown> = Promise.resolve()
  const beatAgain = () => {
    latest = beat().catch(err => logger.warn({ err }, 'The heartbeat of the worker could not be stored'))
  }
  const timer = setInterval(beatAgain, heartbeatMs)
  return {
    async reportEngines({ chosen, refused }) {
      engines = JSON.stringify([...(chosen ? [chosen] : []), ...refused])
      beatAgain()
      await latest
    },
    async unregister() {
      clearInterval(timer)
      await latest
      await database.workerNode.deleteMany({ where: { id: workerId } })
    },
  }
}
