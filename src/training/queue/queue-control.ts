import { z } from 'zod'
import { MachineClass } from '../../generated/prisma/enums.js'
import type { Database } from '../../platform/database.js'
import { tellQueue } from './tell-queue.js'

/** A queue as both faces and the command line show it. */
export const queueBody = z.object({
  machineClass: z.enum(MachineClass),
  pausedAt: z.date().nullable().describe('Set while no run is taken from it.'),
  waiting: z.number().describe('Runs that wait for a worker.'),
  held: z.number().describe('Runs that a quota holds back.'),
  running: z.number().describe('Runs that workers have.'),
  workers: z.number().describe('Workers that live and take runs from it.'),
})
export type QueueView = z.output<typeof queueBody>

export async function readQueues(database: Database): Promise<QueueView[]> {
  const rows = await database.$queryRaw`
    SELECT q."machineClass", q."pausedAt",
      count(*) FILTER (WHERE r.status = 'QUEUED' AND r."releasedAt" IS NOT NULL)::int AS waiting,
      count(*) FILTER (WHERE r.status = 'QUEUED' AND r."releasedAt" IS NULL)::int AS held,
      count(*) FILTER (WHERE r.status IN ('STARTING', 'RUNNING'))::int AS running,
      (SELECT count(*)::int FROM worker_nodes w WHERE q."machineClass" = ANY(w.classes)
        AND w."drainingAt" IS NULL AND is_alive(w."heartbeatAt")) AS workers
    FROM training_queues q LEFT JOIN training_runs r
      ON r."machineClass" = q."machineClass" AND r.status IN ('QUEUED', 'STARTING', 'RUNNING')
    GROUP BY q."machineClass" ORDER BY q."machineClass"`
  return z.array(queueBody).parse(rows)
}

/** From here on no run is taken, until the queues are resumed: claims look at the row that this changes. */
export async function pauseQueues(database: Database): Promise<void> {
  await database.$transaction([
    database.$executeRaw`UPDATE training_queues SET "pausedAt" = COALESCE("pausedAt", now())`,
    tellQueue(database),
  ])
}

export async function resumeQueues(database: Database): Promise<void> {
  await database.$transaction([
    database.$executeRaw`UPDATE training_queues SET "pausedAt" = NULL`,
    tellQueue(database),
  ])
}

/** Whether a worker is to take no new runs. False where there is no such worker. */
export async function drainWorker(database: Database, id: string, drain: boolean): Promise<boolean> {
  const [changed] = await database.$transaction([
    database.$executeRaw`
      UPDATE worker_nodes SET "drainingAt" = CASE WHEN ${drain} THEN COALESCE("drainingAt", now()) END
      WHERE id = ${id}`,
    tellQueue(database),
  ])
  return changed > 0
}
