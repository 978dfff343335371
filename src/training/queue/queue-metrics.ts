import { Gauge, type Registry } from 'prom-client'
import { z } from 'zod'
import { MachineClass } from '../../generated/prisma/enums.js'
import type { Database } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { within } from '../../platform/job-answers.js'
import { rememberFor } from '../../platform/remember.js'
import { warnOfRepeated } from '../../platform/repeated-warning.js'
import { runStatuses } from '../runs/run-states.js'

/** However many ask, the database is asked once in so many ms. */
const rememberedMs = 2_000
/** Prometheus gives up after 10 s: the process's own metrics shall not be lost with the database. */
const patienceMs = 4_000

const figures = z.array(
  z.object({
    machineClass: z.enum(MachineClass),
    paused: z.boolean(),
    /** All there are, by their state. */
    runs: z.partialRecord(z.enum(runStatuses), z.number()),
    waiting: z.number(),
    held: z.number(),
    oldestSeconds: z.number(),
    workers: z.number(),
    slots: z.number(),
  }),
)
type QueueFigures = z.output<typeof figures>[number]

/** The queues in numbers. A run waits since it was released, or came back from a worker, by the database's clock. */
export async function readQueueFigures(database: Database): Promise<QueueFigures[]> {
  const rows = await database.$queryRaw`
    SELECT q."machineClass", q."pausedAt" IS NOT NULL AS paused,
      COALESCE((SELECT jsonb_object_agg(s.status, s.runs) FROM (
        SELECT status, count(*) AS runs FROM training_runs r
        WHERE r."machineClass" = q."machineClass" GROUP BY status) s), '{}') AS runs,
      w.waiting, w.held, w."oldestSeconds", l.workers, l.slots
    FROM training_queues q,
    LATERAL (
      SELECT count(r."releasedAt")::int AS waiting, (count(*) - count(r."releasedAt"))::int AS held,
        COALESCE(max(extract(epoch FROM now() - greatest(r."releasedAt", (
          SELECT max(a."endedAt") FROM run_attempts a WHERE a."runId" = r.id
        )))) FILTER (WHERE r."releasedAt" IS NOT NULL), 0)::float8 AS "oldestSeconds"
      FROM training_runs r WHERE r."machineClass" = q."machineClass" AND r.status = 'QUEUED') w,
    LATERAL (
      SELECT count(*)::int AS workers, COALESCE(sum(n.slots), 0)::int AS slots FROM worker_nodes n
      WHERE q."machineClass" = ANY(n.classes) AND n."drainingAt" IS NULL
        AND is_alive(n."heartbeatAt")) l
    ORDER BY q."machineClass"`
  return figures.parse(rows)
}

/** Tells Prometheus of the queues, as the database has them when it asks: every API process says the same. */
export function measureQueues(
  registry: Registry,
  { database, logger }: Pick<Dependencies, 'database' | 'logger'>,
): void {
  const ask = rememberFor(rememberedMs, () => readQueueFigures(database))
  const warn = warnOfRepeated(logger, 'The metrics of the queues could not be read')
  /** Undefined where the database does not answer. Each metric asks: they share the answer, and the warning. */
  const read = () =>
    within(ask(), patienceMs).catch(error => {
      warn(error)
      return undefined
    })
  const byClass = (name: string, help: string, pick: (figures: QueueFigures) => number) =>
    new Gauge({
      ...{ name, help, labelNames: ['machine_class'], registers: [registry] },
      async collect() {
        this.reset()
        for (const figures of (await read()) ?? [])
          this.set({ machine_class: figures.machineClass }, pick(figures))
      },
    })
  byClass('lyceum_queue_waiting_runs', 'Runs that wait for a worker.', f => f.waiting)
  byClass('lyceum_queue_held_runs', 'Runs that a quota holds back.', f => f.held)
  byClass('lyceum_queue_oldest_wait_seconds', 'How long the oldest waiting run waits.', f => f.oldestSeconds)
  byClass('lyceum_queue_paused', '1 while no run is taken from the queue.', f => Number(f.paused))
  byClass('lyceum_workers', 'Workers that live, are not drained and take runs of the class.', f => f.workers)
  byClass('lyceum_worker_slots', 'Runs that these workers take at once.', f => f.slots)
  new Gauge({
    name: 'lyceum_runs',
    help: 'All runs there are, by their state.',
    ...{ labelNames: ['machine_class', 'state'], registers: [registry] },
    async collect() {
      this.reset()
      for (const { machineClass, runs } of (await read()) ?? [])
        for (const state of runStatuses) this.set({ machine_class: machineClass, state }, runs[state] ?? 0)
    },
  })
  new Gauge({
    name: 'lyceum_database_readable',
    help: '1 where the database answered when it was asked for the metrics of the queues.',
    registers: [registry],
    async collect() {
      this.set((await read()) === undefined ? 0 : 1)
    },
  })
}
