import type { Actor, SignedInActor } from '../../identity/contract.js'
import type { Database } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { notFound } from '../../platform/errors.js'
import { testResult } from '../model-insight/model-insight-schemas.js'
import { maySeeRun, requireRunReader } from '../policy.js'
import type { Curve } from '../runs/curve.js'
import { findCurves } from '../runs/run-feed.js'
import { ownershipOf, type RunRow, type RunView, runInclude, viewRun } from '../runs/run-view.js'
import { type AlignedEpoch, type AlignedStep, alignEpochs, alignSteps } from './align-curves.js'
import { compareSpecs, type SpecDifference } from './compare-specs.js'
import type { ComparisonInput } from './comparison-schemas.js'
import { type MatrixDifference, subtractMatrices } from './subtract-matrices.js'

/** What came out of a run. */
export interface RunFigures {
  runId: string
  testAccuracy: number | null
  testLoss: number | null
  bestValidationAccuracy: number | null
  bestValidationLoss: number | null
  /** Trained to their end. */
  epochs: number
  seconds: number | null
  parameters: number | null
}

/** Runs side by side. Where a list has something of each run, it is in the order in which they were named. */
export interface RunComparison {
  runs: RunView[]
  specs: SpecDifference[]
  figures: RunFigures[]
  steps: AlignedStep[]
  epochs: AlignedEpoch[]
  /** Of each run but the first, which the others are compared with. */
  confusion: ({ runId: string } & MatrixDifference)[]
}

export type ComparisonService = ReturnType<typeof createComparisonService>

export function createComparisonService({ database }: Pick<Dependencies, 'database'>) {
  return { compareRuns }

  /** @throws NOT_FOUND, which names the first run that is missing or not for the actor's eyes */
  async function compareRuns(actor: Actor, { ids, maxPoints }: ComparisonInput): Promise<RunComparison> {
    const rows = await getVisibleRuns(database, requireRunReader(actor), ids)
    const curves = await findCurves(database, ids)
    const [base, ...others] = rows.map(({ id, result }) => ({ id, test: testResult.safeParse(result).data }))
    return {
      runs: rows.map(viewRun),
      specs: compareSpecs(rows.map(({ spec }) => spec)),
      figures: rows.map((row, place) => summarize(row, curves[place]?.epochs ?? [])),
      steps: alignSteps(curves, maxPoints),
      epochs: alignEpochs(curves),
      confusion: others.map(({ id, test }) => ({ runId: id, ...subtractMatrices(base?.test, test) })),
    }
  }
}

/** In the order of the ids. */
async function getVisibleRuns(
  database: Database,
  user: SignedInActor,
  ids: readonly string[],
): Promise<RunRow[]> {
  const rows = await database.trainingRun.findMany({ where: { id: { in: [...ids] } }, include: runInclude })
  const visible = new Map(rows.filter(row => maySeeRun(user, ownershipOf(row))).map(row => [row.id, row]))
  return ids.map(id => {
    const row = visible.get(id)
    if (row === undefined) throw notFound(`run ${id}`)
    return row
  })
}

function summarize(
  { id, testAccuracy, testLoss, seconds, parameters }: RunRow,
  epochs: Curve['epochs'],
): RunFigures {
  const told = (of: 'validationAccuracy' | 'validationLoss') => epochs.flatMap(epoch => epoch[of] ?? [])
  return {
    runId: id,
    testAccuracy,
    testLoss,
    bestValidationAccuracy: best(Math.max, told('validationAccuracy')),
    bestValidationLoss: best(Math.min, told('validationLoss')),
    epochs: epochs.length,
    seconds,
    parameters,
  }
}

function best(choose: (...values: number[]) => number, values: readonly number[]): number | null {
  return values.length === 0 ? null : choose(...values)
}
