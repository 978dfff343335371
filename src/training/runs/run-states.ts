import { RunStatus } from '../../generated/prisma/enums.js'

export const runStatuses = Object.values(RunStatus)

/**
 * Where a run in a state may move to. One that is held by a worker may go back to the queue: workers can be lost
 * and stopped.
 */
const moves: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  QUEUED: ['STARTING', 'PAUSED', 'CANCELLED'],
  STARTING: ['RUNNING', 'QUEUED', 'PAUSED', 'FAILED', 'CANCELLED', 'TIMED_OUT'],
  RUNNING: ['QUEUED', 'PAUSED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT'],
  PAUSED: ['QUEUED', 'CANCELLED'],
  SUCCEEDED: [],
  FAILED: [],
  CANCELLED: [],
  TIMED_OUT: [],
}

export const finalStatuses = runStatuses.filter(isFinal)

/** Those of a run that a worker holds. */
export const heldStatuses = runStatuses.filter(isHeld)

/** Whether nothing more can happen to a run: only then can it be deleted, and its events are complete. */
export function isFinal(status: RunStatus): boolean {
  return moves[status].length === 0
}

export function isHeld(status: RunStatus): boolean {
  return status === 'STARTING' || status === 'RUNNING'
}

/** The states that a run may come from to this one. */
export function statusesBefore(next: RunStatus): RunStatus[] {
  return runStatuses.filter(status => moves[status].includes(next))
}
