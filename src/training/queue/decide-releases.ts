import type { MachineClass, RunPriority } from '../../generated/prisma/enums.js'
import { compareRuns, groupByOwner } from './fair-share.js'
import type { QuotaBook } from './quotas.js'
import { nothingSpent, type Spending, secondsLeft, studentKey } from './student-budget.js'

/** Why a queued run is held back. */
export const holdReasons = [
  'USER_RUNS_AT_ONCE',
  'COURSE_RUNS_AT_ONCE',
  'USER_GPU_SECONDS',
  'COURSE_GPU_SECONDS',
  'STUDENT_RUNS_AT_ONCE',
  'STUDENT_BUDGET',
] as const
export type HoldReason = (typeof holdReasons)[number]

export interface HeldRun {
  readonly id: string
  readonly ownerId: string
  readonly courseId: string | null
  readonly machineClass: MachineClass
  readonly priority: RunPriority
  /** What the course gives the student who launched it, in seconds a day of all the student's runs of its labs. */
  readonly budgetSeconds: number | null
  readonly budgetGpuSeconds: number | null
}

/** What is in use already. */
export interface Usage {
  /** Runs in a queue or on a worker. */
  readonly active: ReadonlyArray<Pick<HeldRun, 'ownerId' | 'courseId' | 'budgetSeconds'>>
  /** GPU-seconds of the last 24 hours, by the id of the user or the course. */
  readonly gpuSeconds: ReadonlyMap<string, number>
  /** What students have used of the budgets of their courses today, by `studentKey`. */
  readonly spent: ReadonlyMap<string, Spending>
}

export type Release = { readonly id: string } & (
  | { readonly held: HoldReason }
  | { readonly held: null; readonly secondsAllowed: number | null }
)

/**
 * Which of the held runs are let go: as many as the quotas have places for. Where owners compete for the places of
 * a course, who has fewest runs in the queue goes first.
 */
export function decideReleases(held: readonly HeldRun[], usage: Usage, quotas: QuotaBook): Release[] {
  const activeOf = new Map<string, number>()
  const students = new Set<string>()
  const count = (run: Usage['active'][number]) => {
    for (const id of [run.ownerId, run.courseId])
      if (id !== null) activeOf.set(id, (activeOf.get(id) ?? 0) + 1)
    if (run.budgetSeconds !== null) students.add(studentKey(run))
  }
  for (const run of usage.active) count(run)
  return inFairOrder(held, activeOf).map(run => {
    const reason = findReason(run)
    if (reason !== null) return { id: run.id, held: reason }
    count(run)
    return { id: run.id, held: null, secondsAllowed: budgetLeft(run, usage) }
  })

  function findReason(run: HeldRun): HoldReason | null {
    const { ownerId, courseId } = run
    const user = quotas.of('USER', ownerId)
    const course = courseId === null ? null : quotas.of('COURSE', courseId)
    const active = (id: string | null) => (id === null ? 0 : (activeOf.get(id) ?? 0))
    if (active(ownerId) >= user.runsAtOnce) return 'USER_RUNS_AT_ONCE'
    if (course && active(courseId) >= course.runsAtOnce) return 'COURSE_RUNS_AT_ONCE'
    if (run.machineClass === 'GPU') {
      const seconds = (id: string | null) => (id === null ? 0 : (usage.gpuSeconds.get(id) ?? 0))
      if (seconds(ownerId) >= user.gpuSecondsPerDay) return 'USER_GPU_SECONDS'
      if (course && seconds(courseId) >= course.gpuSecondsPerDay) return 'COURSE_GPU_SECONDS'
    }
    // One at a time: each may use all that is left, and no two the same.
    if (run.budgetSeconds !== null && students.has(studentKey(run))) return 'STUDENT_RUNS_AT_ONCE'
    return budgetLeft(run, usage) === 0 ? 'STUDENT_BUDGET' : null
  }
}

function budgetLeft(run: HeldRun, { spent }: Usage): number | null {
  const { budgetSeconds, budgetGpuSeconds, machineClass } = run
  if (budgetSeconds === null) return null
  const budget = { budgetSeconds, budgetGpuSeconds: budgetGpuSeconds ?? 0 }
  return secondsLeft(budget, spent.get(studentKey(run)) ?? nothingSpent, machineClass)
}

/** Urgent runs first, then each owner's first, each owner's second …: those in use count as the first. */
function inFairOrder(held: readonly HeldRun[], activeOf: ReadonlyMap<string, number>): HeldRun[] {
  const turns = new Map<string, number>()
  for (const [ownerId, runs] of groupByOwner(held)) {
    const active = activeOf.get(ownerId) ?? 0
    for (const [i, run] of runs.sort(compareRuns).entries())
      turns.set(run.id, run.priority === 'URGENT' ? -1 : active + i)
  }
  const turnOf = ({ id }: HeldRun) => turns.get(id) ?? 0
  return [...held].sort((a, b) => turnOf(a) - turnOf(b) || (a.id < b.id ? -1 : 1))
}
