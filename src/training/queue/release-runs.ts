import { z } from 'zod'
import type { MachineClass, RunPriority } from '../../generated/prisma/enums.js'
import type { Database, Transaction } from '../../platform/database.js'
import type { AttemptKey } from '../runs/run-moves.js'
import { decideReleases, type HoldReason, type Usage } from './decide-releases.js'
import { assignTags, jobPriority } from './fair-share.js'
import { type DefaultQuotas, readQuotas } from './quotas.js'
import { readSpending } from './read-spending.js'
import type { StudentPlace } from './student-budget.js'
import { tellQueue } from './tell-queue.js'

/** A job as a queue should have it. */
export interface QueuedJob extends AttemptKey {
  readonly machineClass: MachineClass
  readonly priority: number
  /** Whether a job that is there already has another priority. */
  readonly moved: boolean
}

/** So many held runs are looked at in a round, the first of each place before the second of any. */
const heldAtOnce = 1_000

const select = {
  id: true,
  attempt: true,
  ownerId: true,
  courseId: true,
  machineClass: true,
  priority: true,
  fairStart: true,
  budgetSeconds: true,
  budgetGpuSeconds: true,
} as const

const held = { status: 'QUEUED', releasedAt: null } as const
const waiting = { status: 'QUEUED', releasedAt: { not: null } } as const

/**
 * Lets held runs into their queues as far as the quotas have places, and gives all that wait their places there. Of
 * several processes one decides at a time.
 *
 * @returns every job that the queues should have, in their order
 */
export function releaseRuns(database: Database, defaults: DefaultQuotas): Promise<QueuedJob[]> {
  return database.$transaction(async tx => {
    const queues = await tx.$queryRaw<{ machineClass: MachineClass; virtualTime: number; epoch: number }[]>`
      SELECT "machineClass", "virtualTime", epoch FROM training_queues ORDER BY "machineClass" FOR UPDATE`
    await release(tx, defaults)
    const jobs: QueuedJob[] = []
    for (const { machineClass, virtualTime, epoch } of queues) {
      const runs = await tx.trainingRun.findMany({
        where: { ...waiting, machineClass },
        select: { ...select, releasedAt: true },
        orderBy: [{ releasedAt: 'asc' }, { id: 'asc' }],
      })
      // While nobody waits nothing is counted from the epoch: it follows, so that priorities stay small.
      const counted = runs.some(run => run.fairStart !== null) ? epoch : virtualTime
      if (counted !== epoch)
        await tx.trainingQueue.update({ where: { machineClass }, data: { epoch: counted } })
      const tags = assignTags(
        virtualTime,
        await readFinished(tx, machineClass),
        runs.map(run => ({ ...run, tag: run.fairStart })),
      )
      for (const { id, attempt, fairStart } of runs) {
        const tag = tags.get(id) ?? null
        const moved = tag !== fairStart
        if (moved) await tx.trainingRun.updateMany({ where: { id, ...waiting }, data: { fairStart: tag } })
        jobs.push({ runId: id, attempt, machineClass, priority: jobPriority(tag, counted), moved })
      }
    }
    return jobs.sort((a, b) => a.priority - b.priority)
  })
}

async function release(tx: Transaction, defaults: DefaultQuotas) {
  const runs = await tx.trainingRun.findMany({
    where: { id: { in: await findHeld(tx) } },
    select: { ...select, heldReason: true },
  })
  if (runs.length === 0) return
  const ids = [
    ...new Set(runs.flatMap(run => [run.ownerId, ...(run.courseId === null ? [] : [run.courseId])])),
  ]
  const quotas = await readQuotas(tx, defaults, ids)
  const reasons = new Map(runs.map(run => [run.id, run.heldReason]))
  const told = new Map<HoldReason, string[]>()
  for (const decision of decideReleases(runs, await readUsage(tx, runs.flatMap(findPlace)), quotas)) {
    const { id } = decision
    if (decision.held === null) {
      const { secondsAllowed } = decision
      const [clock] = await tx.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
      const data = { releasedAt: clock?.now ?? null, heldReason: null, secondsAllowed }
      await tx.trainingRun.updateMany({ where: { id, ...held }, data })
    } else if (decision.held !== reasons.get(id)) {
      told.set(decision.held, [...(told.get(decision.held) ?? []), id])
    }
  }
  for (const [heldReason, ids] of told)
    await tx.trainingRun.updateMany({ where: { id: { in: ids }, ...held }, data: { heldReason } })
}

/**
 * The ids of the held runs that are looked at: quotas hold an owner's runs of a course and a class of machine alike, so
 * that many of them, which may stay for a day, must not keep those of others out of view.
 */
async function findHeld(tx: Transaction): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM training_runs WHERE status = 'QUEUED' AND "releasedAt" IS NULL
    ORDER BY priority = 'URGENT' DESC,
      row_number() OVER (PARTITION BY "ownerId", "courseId", "machineClass" ORDER BY priority DESC, id), id
    LIMIT ${heldAtOnce}`
  return rows.map(({ id }) => id)
}

const seconds = z.array(z.object({ id: z.string(), seconds: z.number() }))
/** Where a run is a student's: whose budget it uses. */
function findPlace({ ownerId, courseId, budgetSeconds }: Budgeted): StudentPlace[] {
  return courseId === null || budgetSeconds === null ? [] : [{ ownerId, courseId }]
}
type Budgeted = { ownerId: string; courseId: string | null; budgetSeconds: number | null }

async function readUsage(tx: Transaction, places: readonly StudentPlace[]): Promise<Usage> {
  const active = await tx.trainingRun.findMany({
    where: { OR: [{ status: { in: ['STARTING', 'RUNNING'] } }, waiting] },
    select: { ownerId: true, courseId: true, budgetSeconds: true },
  })
  const used = await tx.$queryRaw`
    WITH used AS (
      SELECT "ownerId"::text AS owner, "courseId" AS course, extract(epoch FROM
        COALESCE("endedAt", now()) - greatest("claimedAt", now() - interval '24 hours'))::float8 AS seconds
      FROM run_times
      WHERE "machineClass" = 'GPU' AND COALESCE("endedAt", now()) > now() - interval '24 hours')
    SELECT owner AS id, sum(seconds) AS seconds FROM used GROUP BY owner
    UNION ALL SELECT course, sum(seconds) FROM used WHERE course IS NOT NULL GROUP BY course`
  return {
    active,
    gpuSeconds: new Map(seconds.parse(used).map(row => [row.id, row.seconds])),
    spent: await readSpending(tx, places),
  }
}

/** The finish tag of the last run of each owner that was taken: those of the past are below the virtual time. */
async function readFinished(tx: Transaction, machineClass: MachineClass): Promise<Map<string, number>> {
  const rows = await tx.$queryRaw<{ ownerId: string; tag: number }[]>`
    SELECT r."ownerId"::text AS "ownerId", max(r."fairStart") AS tag
    FROM training_runs r JOIN training_queues q USING ("machineClass")
    WHERE r."machineClass" = ${machineClass}::"MachineClass" AND r."fairStart" >= q."virtualTime"
      AND NOT (r.status = 'QUEUED' AND r."releasedAt" IS NOT NULL)
    GROUP BY 1`
  return new Map(rows.map(({ ownerId, tag }) => [ownerId, tag + 1]))
}

/** Asks for another priority of a run that waits or will wait. False where a worker has it, or it has ended. */
export function setPriority(database: Database, runId: string, priority: RunPriority): Promise<boolean> {
  return database.$transaction(async tx => {
    const { count } = await tx.trainingRun.updateMany({
      where: { id: runId, status: { in: ['QUEUED', 'PAUSED'] } },
      data: { priority },
    })
    if (count === 0) return false
    await tellQueue(tx)
    return true
  })
}
