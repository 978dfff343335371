import type { RunStatus } from '../generated/prisma/enums.js'

export const finalStatuses = ['SUCCEEDED', 'FAILED', 'CANCELLED'] as const satisfies RunStatus[]

/** Whether nothing more can happen to a run: only then can it be deleted, and its events are complete. */
export function isFinal(status: RunStatus): boolean {
  return finalStatuses.some(final => final === status)
}
