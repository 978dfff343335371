import type { SignedInActor } from '../../identity/contract.js'
import { type Database, Prisma } from '../../platform/database.js'
import { type Page, type PageInput, readPage } from '../../platform/pagination.js'
import { visibleRuns } from '../policy.js'
import { type RunView, runInclude, viewRun } from '../runs/run-view.js'
import { isWithin, type Keyset, keyOfKeyset, keyOfRow, orderBy } from './keyset.js'
import type { MetricRange, RunFilter, RunSort, SpecCondition } from './run-filter.js'

const id = Prisma.sql`r.id`
/** Above every time that a run takes. */
const never = 1e300

/** Ids are UUIDs of version 7: their order is that of the launches. Runs without a figure come last. */
const sorts: Record<RunSort, Keyset<RunView> & { order: 'asc' | 'desc' }> = {
  NEWEST: { order: 'desc', columns: [], id, placeOf: row => ({ numbers: [], id: row.id }) },
  BEST_ACCURACY: {
    order: 'desc',
    columns: [Prisma.sql`COALESCE(r."testAccuracy", -1)`],
    id,
    placeOf: row => ({ numbers: [row.testAccuracy ?? -1], id: row.id }),
  },
  SHORTEST: {
    order: 'asc',
    columns: [Prisma.sql`COALESCE(r.seconds, 1e300)`],
    id,
    placeOf: row => ({ numbers: [row.seconds ?? never], id: row.id }),
  },
}

export interface FoundRuns {
  page: Page<RunView>
  /** What a run's cursor says. */
  keyOf(run: RunView): string
  totalCount: number
}

/** A page of the runs that the user may see and that the filter lets through. */
export async function searchRuns(
  database: Database,
  user: SignedInActor,
  { filter, sort }: { filter: RunFilter; sort: RunSort },
  page: PageInput,
): Promise<FoundRuns> {
  const { order: sorted, ...keyset } = sorts[sort]
  const keyOf = (run: RunView) => keyOfRow(keyset, run)
  const matching = Prisma.sql`FROM training_runs r LEFT JOIN courses c ON c.id = r."courseId"
    WHERE ${isVisible(user)} AND ${matches(filter)}`
  const [found, counted] = await Promise.all([
    readPage(page, {
      key: keyOfKeyset(keyset),
      order: sorted,
      keyOf,
      async read({ bounds, order, take }) {
        const rows = await database.$queryRaw<{ id: string }[]>`
          SELECT r.id ${matching} AND ${isWithin(keyset, bounds)} ORDER BY ${orderBy(keyset, order)} LIMIT ${take}`
        return readRuns(
          database,
          rows.map(row => row.id),
        )
      },
    }),
    database.$queryRaw<{ count: number }[]>`SELECT count(*)::int AS count ${matching}`,
  ])
  return { page: found, keyOf, totalCount: counted[0]?.count ?? 0 }
}

/** The runs in the order of their ids. One that was deleted since is left out. */
async function readRuns(database: Database, ids: readonly string[]): Promise<RunView[]> {
  if (ids.length === 0) return []
  const rows = await database.trainingRun.findMany({ where: { id: { in: [...ids] } }, include: runInclude })
  const byId = new Map(rows.map(row => [row.id, viewRun(row)]))
  return ids.flatMap(id => byId.get(id) ?? [])
}

function isVisible(user: SignedInActor): Prisma.Sql {
  const { all, ofOwnCourses } = visibleRuns(user)
  return Prisma.sql`(${all}::boolean OR r."ownerId" = ${user.userId}::uuid
    OR (${ofOwnCourses}::boolean AND c."ownerId" = ${user.userId}::uuid))`
}

/**
 * One text whatever is asked, with everything asked as its parameters: nothing can be injected, and the connections
 * keep few prepared statements.
 */
function matches(filter: RunFilter): Prisma.Sql {
  const { status = null, labId = null, courseId = null, ownerId = null, tags = [] } = filter
  const { createdAfter = null, createdBefore = null } = filter
  const text = filter.text === undefined ? null : containing(filter.text)
  return Prisma.sql`(${status}::text[] IS NULL OR r.status::text = ANY (${status}::text[]))
    AND (${labId}::text IS NULL OR r."labId" = ${labId})
    AND (${courseId}::text IS NULL OR r."courseId" = ${courseId})
    AND (${ownerId}::uuid IS NULL OR r."ownerId" = ${ownerId}::uuid)
    AND r.tags @> ${tags}::text[]
    AND (${text}::text IS NULL OR r.name ILIKE ${text} OR r.notes ILIKE ${text})
    AND (${createdAfter}::timestamptz IS NULL OR r."createdAt" > ${createdAfter}::timestamptz)
    AND (${createdBefore}::timestamptz IS NULL OR r."createdAt" < ${createdBefore}::timestamptz)
    AND ${hasSpec(filter.spec ?? [])} AND ${hasMetrics(filter.metrics ?? [])}`
}

/** Numbers are compared by JSON's own order, which fails on no value, of whatever type it is. */
function hasSpec(conditions: readonly SpecCondition[]): Prisma.Sql {
  const asked = conditions.map(({ path, op, value }) => ({
    path: path.split('.'),
    op,
    value: op === 'CONTAINS' ? containing(value) : value,
  }))
  return Prisma.sql`NOT EXISTS (
    SELECT 1 FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) AS f(path text[], op text, value jsonb)
    CROSS JOIN LATERAL (
      SELECT COALESCE(r.spec #> f.path, 'null') AS found, COALESCE(f.value, 'null') AS value
    ) s
    WHERE NOT COALESCE(CASE f.op
      WHEN 'EQ' THEN s.found = s.value
      WHEN 'NE' THEN s.found <> s.value
      WHEN 'IN' THEN jsonb_typeof(s.found) <> 'array' AND s.value @> s.found
      WHEN 'LT' THEN jsonb_typeof(s.found) = 'number' AND s.found < s.value
      WHEN 'LTE' THEN jsonb_typeof(s.found) = 'number' AND s.found <= s.value
      WHEN 'GT' THEN jsonb_typeof(s.found) = 'number' AND s.found > s.value
      WHEN 'GTE' THEN jsonb_typeof(s.found) = 'number' AND s.found >= s.value
      WHEN 'CONTAINS' THEN r.spec #>> f.path ILIKE s.value #>> '{}'
    END, false))`
}

/** A run without the figure is in no range of it. */
function hasMetrics(ranges: readonly MetricRange[]): Prisma.Sql {
  return Prisma.sql`NOT EXISTS (
    SELECT 1 FROM jsonb_to_recordset(${JSON.stringify(ranges)}::jsonb)
      AS f(metric text, min double precision, max double precision)
    CROSS JOIN LATERAL (SELECT CASE f.metric
      WHEN 'TEST_ACCURACY' THEN r."testAccuracy"
      WHEN 'TEST_LOSS' THEN r."testLoss"
      WHEN 'SECONDS' THEN r.seconds
      WHEN 'PARAMETERS' THEN r.parameters
      ELSE (
        SELECT CASE f.metric
          WHEN 'BEST_VALIDATION_ACCURACY' THEN max((e.payload ->> 'validationAccuracy')::double precision)
          WHEN 'BEST_VALIDATION_LOSS' THEN min((e.payload ->> 'validationLoss')::double precision)
          WHEN 'LAST_VALIDATION_ACCURACY'
            THEN (array_agg((e.payload ->> 'validationAccuracy')::double precision ORDER BY e.number DESC))[1]
          WHEN 'LAST_VALIDATION_LOSS'
            THEN (array_agg((e.payload ->> 'validationLoss')::double precision ORDER BY e.number DESC))[1]
        END
        FROM run_events e WHERE e."runId" = r.id AND e.type = 'epoch'
      )
    END AS found) m
    WHERE m.found IS NULL OR m.found < f.min OR m.found > f.max)`
}

/** A pattern of LIKE for what contains a text, to the letter. */
function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}
