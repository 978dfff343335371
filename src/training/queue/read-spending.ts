import { z } from 'zod'
import type { Database, Transaction } from '../../platform/database.js'
import { type Spending, type StudentPlace, studentKey } from './student-budget.js'

const spending = z.array(
  z.object({ ownerId: z.string(), courseId: z.string(), seconds: z.number(), gpuSeconds: z.number() }),
)

/**
 * What students have used of their budgets since the day began (UTC), by `studentKey`: the time that their runs had
 * a worker, deleted ones too. Who has used nothing is left out.
 */
export async function readSpending(
  database: Database | Transaction,
  places: readonly StudentPlace[],
): Promise<ReadonlyMap<string, Spending>> {
  if (places.length === 0) return new Map()
  const rows = await database.$queryRaw`
    SELECT t."ownerId"::text AS "ownerId", t."courseId", sum(u.seconds) AS seconds,
      COALESCE(sum(u.seconds) FILTER (WHERE t."machineClass" = 'GPU'), 0) AS "gpuSeconds"
    FROM (SELECT DISTINCT * FROM unnest(${places.map(place => place.ownerId)}::uuid[],
        ${places.map(place => place.courseId)}::text[]) AS p (owner, course)) p
    JOIN run_times t ON t."ownerId" = p.owner AND t."courseId" = p.course,
      LATERAL (SELECT extract(epoch FROM COALESCE(t."endedAt", now())
        - greatest(t."claimedAt", date_trunc('day', now(), 'UTC')))::float8 AS seconds) u
    WHERE t.budgeted AND u.seconds > 0
    GROUP BY 1, 2`
  return new Map(spending.parse(rows).map(row => [studentKey(row), row]))
}

/** When the budgets are whole again, by the database's clock. */
export async function readDayEnd(database: Database | Transaction): Promise<Date> {
  const [clock] = await database.$queryRaw<{ end: Date }[]>`
    SELECT date_trunc('day', now(), 'UTC') + interval '1 day' AS end`
  if (!clock) throw new Error('The database did not tell the time')
  return clock.end
}
