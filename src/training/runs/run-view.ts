import { z } from 'zod'
import type { Prisma } from '../../platform/database.js'
import { holdReasons } from '../queue/decide-releases.js'
import { readProvenance } from './run-provenance.js'
import { isFinal } from './run-states.js'

const holdReason = z.enum(holdReasons).nullable()

/** What is read of a run: with the owner of its course, which the policy asks for. */
export const runInclude = { course: { select: { ownerId: true } } } as const

export type RunRow = Prisma.TrainingRunGetPayload<{ include: typeof runInclude }>

export function ownershipOf(row: RunRow) {
  return {
    ownerId: row.ownerId,
    courseOwnerId: row.course?.ownerId ?? null,
    isBudgeted: row.budgetSeconds !== null,
  }
}

/** A run as both faces show it. */
export function viewRun(row: RunRow) {
  const { course: _course, idempotencyKey: _key, datasetId: _dataset, sourceModelId: _model, ...shown } = row
  const { fairStart: _tag, budgetSeconds: _seconds, budgetGpuSeconds: _gpuSeconds, ...rest } = shown
  const { traceparent: _trace, modelKey, ...run } = rest
  const modelFiles: ModelFile[] = modelKey !== null && isFinal(row.status) ? [...modelFileNames] : []
  return {
    ...run,
    heldReason: holdReason.parse(run.heldReason),
    provenance: readProvenance(row.provenance) ?? null,
    modelFiles,
  }
}
export type RunView = ReturnType<typeof viewRun>

/** The files of a tfjs LayersModel, below the run's key in the storage. */
export const modelFileNames = ['model.json', 'weights.bin'] as const
export type ModelFile = (typeof modelFileNames)[number]
