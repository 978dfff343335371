import type {
  CheckpointReport,
  ChildReport,
  FailureReport,
  TrainerEvent,
} from '../../src/training/contract.js'
import type { EventBuffer } from './event-buffer.js'
import { misunderstood } from './supervisor-failures.js'

type FinishedEvent = Extract<TrainerEvent, { type: 'finished' }>

/** Why a supervision ended. The first reason counts. */
export type Verdict =
  | { kind: 'finished'; files: string[]; event: FinishedEvent }
  | { kind: 'failed'; failure: FailureReport }
  | { kind: 'cancelled' }
  | { kind: 'paused' }
  | { kind: 'workerStops' }
  | { kind: 'lost' }

export interface Decision {
  readonly made: Promise<Verdict>
  readonly kind: () => Verdict['kind'] | undefined
  take(verdict: Verdict): void
}

/** Holds the first verdict; those that follow are ignored. */
export function createDecision(): Decision {
  let settle: (verdict: Verdict) => void = () => {}
  let first: Verdict['kind'] | undefined
  const made = new Promise<Verdict>(resolve => {
    settle = resolve
  })
  const take = (verdict: Verdict) => {
    first ??= verdict.kind
    settle(verdict)
  }
  return { made, kind: () => first, take }
}

/** Of a child that was asked to leave at its next checkpoint, what it says until then is part of the run. */
const leaving: readonly (Verdict['kind'] | undefined)[] = ['paused', 'workerStops']

/** Hears the child until the verdict: what it says afterwards is not part of the run. */
export function createListener(
  decision: Decision,
  events: EventBuffer,
  onCheckpoint: (report: CheckpointReport) => void,
) {
  let finished: FinishedEvent | undefined
  return (report: ChildReport | undefined) => {
    const verdict = decision.kind()
    if (leaving.includes(verdict)) {
      if (report?.kind === 'checkpoint') onCheckpoint(report)
      if (report?.kind === 'event' && report.event.type !== 'finished') events.add(report.event)
    }
    if (verdict !== undefined) return
    switch (report?.kind) {
      case 'event':
        if (report.event.type === 'finished') finished = report.event
        return events.add(report.event)
      case 'checkpoint':
        return onCheckpoint(report)
      case 'finished':
        return decision.take(
          finished
            ? { kind: 'finished', files: report.files, event: finished }
            : { kind: 'failed', failure: misunderstood },
        )
      case 'failed': {
        const { kind: _, ...failure } = report
        return decision.take({ kind: 'failed', failure })
      }
      // Only a child that was told to stop may say so, and then the verdict is known.
      default:
        return decision.take({ kind: 'failed', failure: misunderstood })
    }
  }
}
