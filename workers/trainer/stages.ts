import type { StageReport } from '../../src/training/contract.js'

/** Does a part of the training, and tells how long it took. */
export type TimeStage = <Result>(
  stage: Pick<StageReport, 'name' | 'epoch'>,
  act: () => Promise<Result>,
) => Promise<Result>

export const untimed: TimeStage = (_stage, act) => act()

export function timeStages(report: (stage: StageReport) => void): TimeStage {
  const now = () => performance.timeOrigin + performance.now()
  return async (stage, act) => {
    const begin = now()
    let broken = true
    try {
      const result = await act()
      broken = false
      return result
    } finally {
      report({ kind: 'stage', ...stage, begin, end: now(), broken })
    }
  }
}
