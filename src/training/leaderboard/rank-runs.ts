import { z } from 'zod'
import { type Database, Prisma } from '../../platform/database.js'
import { isFair, type LabRules } from './fair-runs.js'

/** A leaderboard ends here; one's own place is told wherever it is. */
const mostPlaces = 1_000

const rankedRun = z.object({
  /** Counted from 1, unique. */
  position: z.int(),
  /** Equal figures share the better rank. */
  rank: z.int(),
  name: z.string(),
  ownerId: z.string(),
  runId: z.string(),
  testAccuracy: z.number(),
  parameters: z.number().nullable(),
  seconds: z.number().nullable(),
  finishedAt: z.date().nullable(),
})
export type RankedRun = z.output<typeof rankedRun>

/**
 * The best run of each user, by test accuracy, then fewer parameters, then less time: the first of them, and that of
 * the user who asks, in one statement.
 */
export async function rankRuns(
  database: Database,
  labId: string,
  rules: LabRules,
  userId: string,
): Promise<{ places: RankedRun[]; own: RankedRun | undefined }> {
  const order = Prisma.sql`"testAccuracy" DESC, parameters, seconds`
  // Users are joined last: of conditions on JSON the planner expects hardly a run, and would go through them for each.
  const rows = await database.$queryRaw`
    WITH best AS (
      SELECT DISTINCT ON (r."ownerId") r.* FROM training_runs r
      WHERE r."labId" = ${labId} AND r.status = 'SUCCEEDED' AND r."testAccuracy" IS NOT NULL AND ${isFair(rules)}
      ORDER BY r."ownerId", ${order}, r.id
    ), ranked AS (
      SELECT b.id AS "runId", b."ownerId", u.name, b."testAccuracy", b.parameters, b.seconds, b."finishedAt",
        rank() OVER (ORDER BY ${order})::int AS rank,
        row_number() OVER (ORDER BY ${order}, b.id)::int AS position
      FROM best b JOIN users u ON u.id = b."ownerId" AND u."disabledAt" IS NULL
    )
    SELECT * FROM ranked WHERE position <= ${mostPlaces} OR "ownerId" = ${userId}::uuid ORDER BY position`
  const ranked = z.array(rankedRun).parse(rows)
  return {
    places: ranked.slice(0, mostPlaces),
    own: ranked.find(({ ownerId }) => ownerId === userId),
  }
}
