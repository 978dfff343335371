import { z } from 'zod'
import type { Database } from '../../platform/database.js'
import type { AttemptKey } from './run-moves.js'

const wait = z.object({ traceparent: z.string().nullable(), queuedAt: z.date(), claimedAt: z.date() })

/** How long a claimed attempt was waited for, by the database's clock, and below which span. */
export async function readWait(database: Database, { runId, attempt }: AttemptKey) {
  const rows = await database.$queryRaw`
    SELECT r.traceparent, a."claimedAt", COALESCE((
      SELECT max(e."createdAt") FROM run_events e
      WHERE e."runId" = r.id AND e.type IN ('queued', 'requeued', 'resumed')), r."createdAt") AS "queuedAt"
    FROM training_runs r JOIN run_attempts a ON a."runId" = r.id
    WHERE r.id = ${runId}::uuid AND a.number = ${attempt} AND a."claimedAt" IS NOT NULL`
  return z.array(wait).parse(rows)[0]
}
