import { z } from 'zod'
import type { RunStatus } from '../../generated/prisma/enums.js'
import type { Database } from '../../platform/database.js'
import { type Curve, readCurve } from './curve.js'
import { type RunEvent, runEvent } from './run-events.js'
import { runStatuses } from './run-states.js'

/** A run's event as it is kept: numbered from 1 without gaps. */
export interface StoredEvent {
  readonly number: number
  readonly attempt: number
  readonly createdAt: Date
  readonly event: RunEvent
}

/** What there is to know of a run above an event. */
export interface News {
  /** Undefined where the run was deleted. */
  readonly status: RunStatus | undefined
  readonly lastEvent: number
  /** At most as many as asked for. */
  readonly events: readonly StoredEvent[]
  /** How many seconds ago each of them was stored. */
  readonly ages: readonly number[]
}

const newsRow = z.object({
  status: z.enum(runStatuses),
  lastEvent: z.int(),
  number: z.int().nullable(),
  attempt: z.int().nullable(),
  payload: runEvent.nullable(),
  createdAt: z.date().nullable(),
  age: z.number().nullable(),
})

/**
 * The state of a run and its events above `after`, as they are at one moment.
 * @param after the run's last event where it is undefined
 */
export async function findNews(
  database: Database,
  runId: string,
  after: number | undefined,
  limit: number,
): Promise<News> {
  const found = await database.$queryRaw`
    SELECT r.status, r."lastEvent", e.number, e.attempt, e.payload, e."createdAt",
      extract(epoch FROM clock_timestamp() - e."createdAt")::float8 AS age
    FROM training_runs r
    LEFT JOIN LATERAL (
      SELECT * FROM run_events
      WHERE "runId" = r.id AND number > coalesce(${after ?? null}::int, r."lastEvent")
      ORDER BY number LIMIT ${limit}
    ) e ON true
    WHERE r.id = ${runId}::uuid
    ORDER BY e.number`
  const rows = z.array(newsRow).parse(found)
  const [run] = rows
  if (run === undefined) return { status: undefined, lastEvent: after ?? 0, events: [], ages: [] }
  const events = rows.flatMap(({ number, attempt, payload, createdAt }) =>
    number === null || attempt === null || payload === null || createdAt === null
      ? []
      : [{ number, attempt, createdAt, event: payload }],
  )
  const ages = rows.flatMap(({ age }) => age ?? [])
  return { status: run.status, lastEvent: run.lastEvent, events, ages }
}

const toldOfRun = z.object({ runId: z.string(), events: z.array(runEvent) })

/**
 * What charts of the runs draw, each in its place, in one query. The database puts the events of a run together: as
 * rows of their own they took twice as long to read.
 */
export async function findCurves(database: Database, runIds: readonly string[]): Promise<Curve[]> {
  const rows = await database.$queryRaw`
    SELECT "runId", json_agg(payload ORDER BY number) AS events FROM run_events
    WHERE "runId" = ANY (${runIds}::uuid[]) AND type IN ('started', 'step', 'epoch') GROUP BY "runId"`
  const told = z.array(toldOfRun).parse(rows)
  return runIds.map(id => readCurve(told.find(({ runId }) => runId === id)?.events ?? []))
}

/** At most `limit` events with a number above `after`, in order. */
export async function findEvents(
  database: Database,
  runId: string,
  after: number,
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await database.runEvent.findMany({
    where: { runId, number: { gt: after } },
    orderBy: { number: 'asc' },
    take: limit,
    select: { number: true, attempt: true, payload: true, createdAt: true },
  })
  return rows.map(({ payload, ...row }) => ({ ...row, event: runEvent.parse(payload) }))
}

/** The same items; aborts `left` when the reader leaves, also while the generator waits. */
export function untilLeft<Item>(
  items: AsyncGenerator<Item, void, undefined>,
  left: AbortController,
): AsyncIterableIterator<Item, void, undefined> {
  return {
    next: () => items.next(),
    // A generator that waits hears of `return` only when its wait is over.
    return() {
      left.abort()
      return items.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
