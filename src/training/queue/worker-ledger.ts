import { z } from 'zod'
import type { MachineClass } from '../../generated/prisma/enums.js'
import type { Database } from '../../platform/database.js'
import type { TriedEngine } from '../workers/engine-report.js'
import type { Card } from '../workers/worker-list.js'
import { tellQueue } from './tell-queue.js'

/** What a worker says of itself. */
export interface WorkerReport {
  readonly hostname: string
  readonly engines: readonly TriedEngine[]
  /** The queues that it takes runs from. */
  readonly classes: readonly MachineClass[]
  /** Runs at once. */
  readonly slots: number
  readonly cards: readonly Card[]
  readonly memoryBytes: number
}

/** Says that a worker lives, and what it has. */
export async function reportWorker(database: Database, id: string, report: WorkerReport): Promise<void> {
  const { hostname, slots, memoryBytes } = report
  const [engines, cards] = [JSON.stringify(report.engines), JSON.stringify(report.cards)]
  await database.$executeRaw`
    INSERT INTO worker_nodes (id, hostname, engines, classes, slots, cards, "memoryBytes", "startedAt", "heartbeatAt")
    VALUES (${id}, ${hostname}, ${engines}::jsonb, ${[...report.classes]}::"MachineClass"[], ${slots},
      ${cards}::jsonb, ${memoryBytes}::bigint, now(), now())
    ON CONFLICT (id) DO UPDATE SET engines = EXCLUDED.engines, classes = EXCLUDED.classes,
      slots = EXCLUDED.slots, cards = EXCLUDED.cards, "memoryBytes" = EXCLUDED."memoryBytes", "heartbeatAt" = now()`
}

/** As `reportWorker`, where what it takes has changed: whoever waits hears of it. */
export async function announceWorker(database: Database, id: string, report: WorkerReport): Promise<void> {
  await reportWorker(database, id, report)
  await tellQueue(database)
}

/** Takes off the list whatever was killed and could not do so itself. */
export async function forgetSilentWorkers(database: Database): Promise<void> {
  await database.$executeRaw`DELETE FROM worker_nodes WHERE "heartbeatAt" < now() - interval '1 day'`
}

export async function removeWorker(database: Database, id: string): Promise<void> {
  await database.workerNode.deleteMany({ where: { id } })
  await tellQueue(database)
}

const answer = z.tuple([z.object({ draining: z.boolean(), paused: z.boolean(), gpuWaits: z.boolean() })])

/** What a worker may take now, and whether runs wait that only a GPU can do. */
export async function readOrders(database: Database, workerId: string) {
  const rows = await database.$queryRaw`
    SELECT EXISTS (SELECT 1 FROM worker_nodes WHERE id = ${workerId} AND "drainingAt" IS NOT NULL) AS draining,
      EXISTS (SELECT 1 FROM training_queues WHERE "pausedAt" IS NOT NULL) AS paused,
      EXISTS (SELECT 1 FROM training_runs WHERE status = 'QUEUED' AND "releasedAt" IS NOT NULL
        AND "machineClass" = 'GPU') AS "gpuWaits"`
  return answer.parse(rows)[0]
}
