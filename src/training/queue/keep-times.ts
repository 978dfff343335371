import type { Transaction } from '../../platform/database.js'

/** Before a run is deleted: what it has used of quotas and budgets stays used. Older than they count nothing is kept. */
export async function keepTimes(tx: Transaction, runId: string): Promise<void> {
  await tx.$executeRaw`DELETE FROM deleted_run_times WHERE "endedAt" < now() - interval '2 days'`
  await tx.$executeRaw`
    INSERT INTO deleted_run_times
      ("runId", attempt, "ownerId", "courseId", "machineClass", budgeted, "claimedAt", "endedAt")
    SELECT r.id, a.number, r."ownerId", r."courseId", r."machineClass", r."budgetSeconds" IS NOT NULL, a."claimedAt",
      a."endedAt"
    FROM training_runs r JOIN run_attempts a ON a."runId" = r.id
    WHERE r.id = ${runId}::uuid AND a."claimedAt" IS NOT NULL AND a."endedAt" > now() - interval '2 days'`
}
