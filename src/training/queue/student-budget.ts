import type { MachineClass } from '../../generated/prisma/enums.js'

/** What a course gives each of its students a day. */
export interface StudentBudget {
  readonly budgetSeconds: number
  /** Of runs that ask for a GPU; part of all. */
  readonly budgetGpuSeconds: number
}

/** What a student has used of it today. */
export interface Spending {
  readonly seconds: number
  readonly gpuSeconds: number
}

/** A student in a course. */
export interface StudentPlace {
  readonly ownerId: string
  readonly courseId: string
}

export const nothingSpent: Spending = { seconds: 0, gpuSeconds: 0 }

export function studentKey({ ownerId, courseId }: { ownerId: string; courseId: string | null }): string {
  return `${ownerId} ${courseId}`
}

/** Whole seconds that a run of this class may still train today. */
export function secondsLeft(
  { budgetSeconds, budgetGpuSeconds }: StudentBudget,
  { seconds, gpuSeconds }: Spending,
  machineClass: MachineClass,
): number {
  const left = budgetSeconds - seconds
  const leftOfClass = machineClass === 'CPU' ? left : Math.min(left, budgetGpuSeconds - gpuSeconds)
  return Math.max(Math.floor(leftOfClass), 0)
}
