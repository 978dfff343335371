import { z } from 'zod'
import { MachineClass } from '../../generated/prisma/enums.js'
import type { Database } from '../../platform/database.js'
import { engineRequest, type TriedEngine, triedEngine, works } from './engine-report.js'

/** An engine that a worker tried when it started, as both faces show it. */
export const workerEngine = z.object({
  engine: engineRequest,
  works: z.boolean(),
  reason: z.string().nullable().describe('Why it does not work.'),
  device: z.string().nullable(),
  version: z.string().nullable(),
  gpu: z.boolean().nullable().describe('Whether a GPU computes.'),
  imagesPerSecond: z
    .number()
    .nullable()
    .describe('Of a quick measurement: training steps of simple-cnn, 128 images each.'),
  warnings: z.array(z.string()),
})

/** A GPU of a worker's machine. */
export const card = z.object({
  index: z.string().describe('As CUDA_VISIBLE_DEVICES names it.'),
  name: z.string().nullable(),
  memoryBytes: z.number().nullable(),
})
export type Card = z.output<typeof card>

export const workerBody = z.object({
  id: z.string(),
  hostname: z.string(),
  classes: z
    .array(z.enum(MachineClass))
    .describe('The queues that it takes runs from; none yet while it tries its engines.'),
  slots: z.number().describe('Runs at once.'),
  runs: z.number().describe('Runs that it has now.'),
  drainingAt: z.date().nullable().describe('Set while it takes no new runs.'),
  cards: z.array(card),
  memoryBytes: z.number().nullable().describe('Of its machine.'),
  engines: z
    .array(workerEngine)
    .describe('The one that its runs are trained on first; none yet while it tries.'),
  startedAt: z.date(),
  lastSeen: z.date(),
})
export type WorkerView = z.output<typeof workerBody>

const rows = z.array(
  z.object({
    id: z.string(),
    hostname: z.string(),
    engines: z.array(triedEngine),
    classes: z.array(z.enum(MachineClass)),
    slots: z.number(),
    runs: z.number(),
    drainingAt: z.date().nullable(),
    cards: z.array(card),
    memoryBytes: z.number().nullable(),
    startedAt: z.date(),
    heartbeatAt: z.date(),
  }),
)

/** The workers that have said in the last 10 s that they live, by the database's clock, the oldest first. */
export async function listLiveWorkers(database: Database): Promise<WorkerView[]> {
  const found = await database.$queryRaw`
    SELECT id, hostname, engines, classes::text[] AS classes, slots, cards, "drainingAt",
      "memoryBytes"::float8 AS "memoryBytes", "startedAt", "heartbeatAt",
      (SELECT count(*)::int FROM run_attempts a JOIN training_runs r ON r.id = a."runId" AND r.attempt = a.number
        WHERE a."workerId" = worker_nodes.id AND r.status IN ('STARTING', 'RUNNING')) AS runs
    FROM worker_nodes
    WHERE is_alive("heartbeatAt")
    ORDER BY "startedAt", id`
  return rows.parse(found).map(({ engines, heartbeatAt, ...row }) => ({
    ...row,
    engines: engines.map(view),
    lastSeen: heartbeatAt,
  }))
}

function view(tried: TriedEngine): z.output<typeof workerEngine> {
  const { engine } = tried
  if (!works(tried)) {
    const none = { device: null, version: null, gpu: null, imagesPerSecond: null }
    return { engine, works: false, reason: tried.reason, ...none, warnings: [] }
  }
  const { device, version, gpu, imagesPerSecond, warnings } = tried
  return { engine, works: true, reason: null, device, version, gpu, imagesPerSecond, warnings }
}
