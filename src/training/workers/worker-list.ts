import { z } from 'zod'
import { type Actor, requireScope } from '../../identity/contract.js'
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

export const workerBody = z.object({
  id: z.string(),
  hostname: z.string(),
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
    startedAt: z.date(),
    heartbeatAt: z.date(),
  }),
)

/**
 * The workers that have said in the last 10 s that they live, by the database's clock, the oldest first.
 *
 * @throws UNAUTHENTICATED, SCOPE_REQUIRED where the actor is no admin
 */
export async function listLiveWorkers(database: Database, actor: Actor): Promise<WorkerView[]> {
  requireScope(actor, 'admin')
  const found = await database.$queryRaw`
    SELECT id, hostname, engines, "startedAt", "heartbeatAt" FROM worker_nodes
    WHERE "heartbeatAt" > now() - interval '10 seconds'
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
