import { findUnavailable, trainingSpec } from './training-spec.js'

/** Why a lab can't be trained yet, for people; null where it can. */
export function unavailableReason(spec: unknown): string | null {
  const problems = findUnavailable(trainingSpec.parse(spec))
  return problems.length === 0 ? null : problems.map(problem => problem.message).join(' ')
}
