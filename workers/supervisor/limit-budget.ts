import { budgetExceeded } from './supervisor-failures.js'
import type { Decision } from './verdict.js'

interface Budgeted {
  readonly machineClass: 'CPU' | 'GPU'
  /** What the course gives its students a day; null where the run is no student's. */
  readonly budgetSeconds: number | null
  readonly budgetGpuSeconds: number | null
  /** What was left of it. */
  readonly secondsAllowed: number | null
}

/**
 * Ends a student's attempt that takes longer than what is left and a whole day's budget. The trainer stops to train in
 * time by itself, but not before a step is over, and the validation and the test are; of a network that takes minutes
 * for some images these may last for hours.
 *
 * @returns what ends the watch
 */
export function limitBudget(run: Budgeted, decision: Pick<Decision, 'take'>): () => void {
  const { machineClass, budgetSeconds, budgetGpuSeconds, secondsAllowed } = run
  if (secondsAllowed === null) return () => {}
  const seconds = secondsAllowed + ((machineClass === 'GPU' ? budgetGpuSeconds : budgetSeconds) ?? 0)
  const end = () => decision.take({ kind: 'failed', failure: budgetExceeded(seconds) })
  const timer = setTimeout(end, seconds * 1_000)
  return () => clearTimeout(timer)
}
