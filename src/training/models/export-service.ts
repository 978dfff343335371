import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Actor } from '../../identity/contract.js'
import {
  type ExportFormat,
  exportFormats,
  fileEndings,
  findExportProblem,
} from '../../networks/exports/export-formats.js'
import { readSavedNetwork } from '../../networks/saved-model.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { LyceumError, unavailable } from '../../platform/errors.js'
import { exportImpossible, modelMissing } from '../errors.js'
import { requireRunReader } from '../policy.js'
import { getVisibleRun } from '../runs/run-access.js'
import type { RunRow } from '../runs/run-view.js'
import { type ConvertedFormat, type ExportRequest, exportKey, exportQueue } from './model-exports.js'
import { readModelJson } from './model-json.js'
import { openModelZip } from './model-zip.js'

type Parts = Pick<Dependencies, 'database' | 'courier' | 'storage' | 'logger'>

/** A format in which a run's model can be had, or why it can't. */
export interface ModelExport {
  format: ExportFormat
  /** Where it is downloaded from, below the server's address; null where it can't be. */
  url: string | null
  unavailableReason: string | null
}

export interface ExportFile {
  name: string
  size: number
  stream: Readable
}

export type ExportService = ReturnType<typeof createExportService>

/** Trained models for other programs. Who may see a run may take its model along. */
export function createExportService(
  { database, courier, storage, logger }: Parts,
  { exportTimeoutMs = 120_000 } = {},
) {
  const conversions = courier.queue<ExportRequest>(exportQueue)
  return { listExports, openExport }

  /** Empty while the run has no model. @throws NOT_FOUND, RUN_MODEL_MISSING */
  async function listExports(actor: Actor, id: string): Promise<ModelExport[]> {
    const row = await getVisibleRun(database, requireRunReader(actor), id)
    const { modelKey } = row
    if (modelKey === null) return []
    return Promise.all(
      exportFormats.map(async format => {
        const problem = await findProblem(modelKey, format)
        return problem === undefined
          ? { format, url: `/api/v1/runs/${row.id}/model?format=${format}`, unavailableReason: null }
          : { format, url: null, unavailableReason: problem }
      }),
    )
  }

  /**
   * The model in a format. One that must be converted first is so in a worker, and kept.
   * @throws NOT_FOUND, RUN_MODEL_MISSING, RUN_EXPORT_IMPOSSIBLE, NO_WORKER_ANSWERED, UNAVAILABLE
   */
  async function openExport(actor: Actor, id: string, format: ExportFormat): Promise<ExportFile> {
    const row = await getVisibleRun(database, requireRunReader(actor), id)
    if (row.modelKey === null) throw modelMissing()
    const opened =
      format === 'tfjs'
        ? await openModelZip(storage, row.modelKey)
        : await openConverted(row.id, row.modelKey, format)
    if (!opened) throw modelMissing()
    return { name: fileName(row, format), ...opened }
  }

  async function openConverted(runId: string, modelKey: string, format: ConvertedFormat) {
    const key = exportKey(modelKey, format)
    const kept = await storage.open(key)
    if (kept) return kept
    const problem = await findProblem(modelKey, format)
    if (problem !== undefined) throw exportImpossible(problem)
    try {
      await conversions.ask(randomUUID(), { runId, format }, exportTimeoutMs)
    } catch (error) {
      logger.warn({ err: error, runId, format }, 'A model was not exported')
      if (error instanceof LyceumError) throw error
      throw unavailable('No worker exported the model.')
    }
    return storage.open(key)
  }

  /** Why the model can't be had in a format. @throws RUN_MODEL_MISSING where it was deleted just now */
  async function findProblem(modelKey: string, format: ExportFormat): Promise<string | undefined> {
    if (format === 'tfjs') return undefined
    const text = await readModelJson(storage, modelKey)
    if (text === undefined) throw modelMissing()
    return findExportProblem(readSavedNetwork(text), format)
  }
}

/** The run's name, as far as every system takes it in a file's. */
function fileName({ name, id }: RunRow, format: ExportFormat): string {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase()
  return `${plain || id}.${fileEndings[format]}`
}
