import { hostname, totalmem } from 'node:os'
import type { Database } from '../src/platform/database.js'
import type { Logger } from '../src/platform/logger.js'
import type { MachineClass } from '../src/training/contract.js'
import {
  announceWorker,
  forgetSilentWorkers,
  removeWorker,
  reportWorker,
  type WorkerReport,
} from '../src/training/queue/worker-ledger.js'
import { findCards } from './cards.js'
import type { EngineReport } from './probe/choose-for-worker.js'

const heartbeatMs = 2_000

export interface RegisteredWorker {
  /** Says what this worker computes on, and which runs it takes, as soon as it knows. */
  reportEngines(report: EngineReport, classes: readonly MachineClass[]): Promise<void>
  /** Takes it off the list. */
  unregister(): Promise<void>
}

/**
 * Makes this worker known, and says every 2 s that it lives.
 * @param slots how many runs it takes at once
 */
export async function registerWorker(
  database: Database,
  logger: Logger,
  workerId: string,
  slots: number,
): Promise<RegisteredWorker> {
  let report: WorkerReport = {
    ...{ hostname: hostname(), engines: [], classes: [], slots },
    ...{ cards: await findCards(), memoryBytes: totalmem() },
  }
  const beat = () => reportWorker(database, workerId, report)
  await beat()
  await forgetSilentWorkers(database)
  let latest: Promise<unknown> = Promise.resolve()
  const beatAgain = () => {
    latest = beat().catch(err => logger.warn({ err }, 'The heartbeat of the worker could not be stored'))
  }
  const timer = setInterval(beatAgain, heartbeatMs)
  return {
    async reportEngines({ chosen, refused }, classes) {
      report = { ...report, engines: [...(chosen ? [chosen] : []), ...refused], classes }
      await announceWorker(database, workerId, report)
    },
    async unregister() {
      clearInterval(timer)
      await latest
      await removeWorker(database, workerId)
    },
  }
}
