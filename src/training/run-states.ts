import type { RunStatus } from '../generated/prisma/enums.js'
import type { RunEventType } from './run-events.js'

const finalStatuses: readonly RunStatus[] = ['SUCCEEDED', 'FAILED', 'CANCELLED']
const finalEvents: readonly RunEventType[] = ['finished', 'failed', 'cancelled']

/** Whether nothing more can happen to a run: only then can it be deleted. */
export function isFinal(status: RunStatus): boolean {
  return finalStatuses.includes(status)
}

/** Whether an event is the last of its run: a stream of events ends after it. */
export function isFinalEvent(type: RunEventType): boolean {
  return finalEvents.includes(type)
}
