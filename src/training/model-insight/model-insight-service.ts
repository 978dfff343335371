import type { Actor } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { resultMissing } from '../errors.js'
import { requireRunReader } from '../policy.js'
import { getVisibleRun } from '../runs/run-access.js'
import type { RunRow } from '../runs/run-view.js'
import { type ClassificationReport, reportClassification } from './classification-report.js'
import { type TestResult, testResult } from './model-insight-schemas.js'

type Parts = Pick<Dependencies, 'database'>

export type ModelInsightService = ReturnType<typeof createModelInsightService>

/** What a trained model does well and what it does not. Who may see a run may see this of it. */
export function createModelInsightService({ database }: Parts) {
  return { findClassificationReport, getClassificationReport }

  /** Undefined while the run has no result. @throws NOT_FOUND */
  async function findClassificationReport(
    actor: Actor,
    id: string,
  ): Promise<ClassificationReport | undefined> {
    const result = findResult(await getRow(actor, id))
    return result && reportClassification(result.confusionMatrix, result.classNames)
  }

  /** @throws NOT_FOUND, RUN_RESULT_MISSING */
  async function getClassificationReport(actor: Actor, id: string): Promise<ClassificationReport> {
    const report = await findClassificationReport(actor, id)
    if (report === undefined) throw resultMissing()
    return report
  }

  function getRow(actor: Actor, id: string): Promise<RunRow> {
    return getVisibleRun(database, requireRunReader(actor), id)
  }
}

function findResult({ result }: RunRow): TestResult | undefined {
  return testResult.safeParse(result).data
}
