import { z } from 'zod'
import { MachineClass } from '../../generated/prisma/enums.js'
import type { Database } from '../../platform/database.js'
import { estimateStarts } from './estimate-starts.js'
import { compareWaiting } from './queue-order.js'

/** Where a run stands that was released. */
export interface Place {
  /** Counted from 1, in the queue of its class. */
  readonly place: number
  /** In the database's time; null where nothing is known of how long runs take, or no worker can do it. */
  readonly estimatedStart: Date | null
  readonly paused: boolean
  /** Whether a worker lives that can do it. */
  readonly hasWorker: boolean
}

const machineClass = z.enum(MachineClass)
const waitingRows = z.array(
  z.object({
    id: z.string(),
    machineClass,
    labId: z.string().nullable(),
    fairStart: z.number().nullable(),
    releasedAt: z.date(),
  }),
)
const workerRows = z.array(
  z.object({
    slots: z.number(),
    classes: z.array(machineClass),
    runs: z.array(z.tuple([z.string(), z.number()])),
  }),
)
const durationRows = z.array(z.object({ key: z.string(), seconds: z.number() }))
const queueRows = z.array(z.object({ machineClass, paused: z.boolean(), now: z.date() }))

/** So many runs of the past tell how long one takes. */
const remembered = 300

/** The places of all released runs at one moment. */
export async function readPlaces(database: Database): Promise<Map<string, Place>> {
  const [waiting, workers, durations, queues] = await Promise.all([
    database.$queryRaw`
      SELECT id::text, "machineClass", "labId", "fairStart", "releasedAt" FROM training_runs
      WHERE status = 'QUEUED' AND "releasedAt" IS NOT NULL`.then(rows => waitingRows.parse(rows)),
    database.$queryRaw`
      SELECT w.slots, w.classes::text[] AS classes, COALESCE((
        SELECT jsonb_agg(jsonb_build_array(r."machineClass" || COALESCE(' ' || r."labId", ''),
          extract(epoch FROM now() - a."claimedAt")))
        FROM run_attempts a JOIN training_runs r ON r.id = a."runId" AND r.attempt = a.number
        WHERE a."workerId" = w.id AND r.status IN ('STARTING', 'RUNNING')), '[]') AS runs
      FROM worker_nodes w
      WHERE w."drainingAt" IS NULL AND is_alive(w."heartbeatAt")`.then(rows => workerRows.parse(rows)),
    // Of each lab, and of all runs of the class: the median of what runs took.
    database.$queryRaw`
      SELECT "machineClass" || COALESCE(' ' || "labId", '') AS key,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds
      FROM (SELECT "machineClass", "labId", extract(epoch FROM "finishedAt" - "startedAt")::float8 AS seconds
        FROM training_runs WHERE status = 'SUCCEEDED' AND "startedAt" IS NOT NULL AND "finishedAt" IS NOT NULL
        ORDER BY id DESC LIMIT ${remembered}) past
      GROUP BY GROUPING SETS (("machineClass"), ("machineClass", "labId"))`.then(rows =>
      durationRows.parse(rows),
    ),
    database.$queryRaw`
      SELECT "machineClass", "pausedAt" IS NOT NULL AS paused, now() AS now FROM training_queues`.then(rows =>
      queueRows.parse(rows),
    ),
  ])
  const known = new Map(durations.map(({ key, seconds }) => [key, seconds]))
  /** Of its lab, else of its class. */
  const secondsOf = (key: string) => known.get(key) ?? known.get(key.split(' ')[0] ?? key)
  const keyOf = (run: (typeof waiting)[number]) =>
    run.labId === null ? run.machineClass : `${run.machineClass} ${run.labId}`

  const places = new Map<string, Place>()
  waiting.sort(compareWaiting)
  const starts = estimateStarts(
    workers.map(({ runs, ...worker }) => ({
      ...worker,
      remaining: runs.map(([key, elapsed]) => Math.max((secondsOf(key) ?? 0) - elapsed, 0)),
    })),
    waiting.map(run => ({ ...run, seconds: secondsOf(keyOf(run)) ?? 0 })),
  )
  for (const { machineClass, paused, now } of queues) {
    // A class of which no run has ended yet has no estimates.
    const isKnown = known.has(machineClass)
    for (const [i, { id }] of waiting.filter(run => run.machineClass === machineClass).entries()) {
      const seconds = starts.get(id)
      const estimatedStart =
        seconds === undefined || paused || !isKnown
          ? null
          : new Date(now.getTime() + Math.round(seconds) * 1000)
      places.set(id, { place: i + 1, estimatedStart, paused, hasWorker: seconds !== undefined })
    }
  }
  return places
}
