import type { AttemptKey } from './run-moves.js'

/** The storage prefix of everything that a run leaves. */
export function filesOfRun(runId: string): string {
  return `runs/${runId}`
}

/** The storage prefix of what a run goes on from, whichever execution wrote it. */
export function checkpointsOfRun(runId: string): string {
  return `${filesOfRun(runId)}/checkpoints`
}

/** The storage prefix of what one execution leaves: a model belongs to the attempt that made it. */
export function filesOfAttempt({ runId, attempt }: AttemptKey): string {
  return `${filesOfRun(runId)}/${attempt}`
}
