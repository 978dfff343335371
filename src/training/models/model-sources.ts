import { z } from 'zod'
import type { SignedInActor } from '../../identity/contract.js'
import { readSavedModel, readSavedNetwork, type SavedModel } from '../../networks/saved-model.js'
import type { Transaction } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { parseInput } from '../../platform/parse.js'
import type { DatasetDescription } from '../datasets/datasets.js'
import { specImpossible } from '../errors.js'
import { findVisibleRun, holdRun } from '../runs/run-access.js'
import { isFinal } from '../runs/run-states.js'
import { type RunRow, runInclude } from '../runs/run-view.js'
import { keepClasses } from '../spec/classes-spec.js'
import { type FineTuning, findSourceProblems, fineTuningFields } from '../spec/fine-tuning-spec.js'
import { kerasJsonOf, namesNetwork, networkOf } from '../spec/network-spec.js'
import { resolveNetwork } from '../spec/resolve-network.js'
import { type SpecProblem, type TrainingSpec, trainingSpec } from '../spec/training-spec.js'
import { hold } from '../uploads.js'
import { findImportedModel, importedModels } from './imported-model.js'
import { readModelJson } from './model-json.js'

type Parts = Pick<Dependencies, 'database' | 'storage'>

/** A model that a run may begin with: of another run, or imported. */
export interface ModelSource {
  /** What names it, alone, in the spec of a launched run. */
  id: { runId: string } | { modelId: string }
  /** What of a spec says which network it is. */
  network: Record<string, unknown>
  model: SavedModel
}

const startingPoint = z.object(fineTuningFields)

/**
 * The model that a spec, whose other fields are not looked at, asks to begin with; undefined where it asks for none.
 * @throws INVALID_INPUT, RUN_SPEC_IMPOSSIBLE where there is none that the user may see and that can be used
 */
export async function findModelSource(
  parts: Parts,
  user: SignedInActor,
  spec: Record<string, unknown>,
): Promise<ModelSource | undefined> {
  const { from } = parseInput(startingPoint, { from: spec.from }, 'spec')
  if (from === undefined) return undefined
  return from.modelId === undefined
    ? readRunModel(parts, await findRow(parts.database, user, from))
    : readImportedModel(parts, user, from.modelId)
}

async function readImportedModel(
  { database, storage }: Parts,
  user: SignedInActor,
  modelId: string,
): Promise<ModelSource> {
  const row = await findImportedModel(database, user, modelId)
  const text = row && (await readModelJson(storage, row.modelKey))
  if (row === undefined || text === undefined) throw noSuchModel(modelId)
  const kerasJson = kerasJsonOf(readSavedNetwork(text))
  return { id: { modelId: row.id }, network: { kerasJson }, model: readSavedModel(text) }
}

async function readRunModel({ storage }: Parts, row: RunRow): Promise<ModelSource> {
  const { modelKey } = row
  if (!isFinal(row.status) || modelKey === null) {
    throw refuse(`The run ${row.id} has no model: it must have ended with one first, and is ${row.status}.`)
  }
  const text = await readModelJson(storage, modelKey)
  if (text === undefined) throw noSuchRun(row.id)
  const network = networkOf(trainingSpec.parse(row.spec))
  return { id: { runId: row.id }, network, model: readSavedModel(text) }
}

async function findRow(
  database: Parts['database'],
  user: SignedInActor,
  { runId, labId }: FineTuning,
): Promise<RunRow> {
  if (runId !== undefined) {
    const row = await findVisibleRun(database, user, runId)
    if (row === undefined) throw noSuchRun(runId)
    return row
  }
  const row = await database.trainingRun.findFirst({
    where: { labId: labId ?? '', ownerId: user.userId, modelKey: { not: null } },
    orderBy: { id: 'desc' },
    include: runInclude,
  })
  if (row === null) {
    throw refuse(
      `No run of yours of the lab '${labId}' has succeeded: launch that lab first, and let it end.`,
    )
  }
  return row
}

/** Keeps what a run begins with from being deleted until the transaction ends. @throws RUN_SPEC_IMPOSSIBLE where it was */
export async function holdSource(tx: Transaction, { runId, modelId }: FineTuning): Promise<void> {
  if (modelId !== undefined && !(await hold(tx, importedModels, modelId))) throw noSuchModel(modelId)
  if (runId !== undefined && !(await holdRun(tx, runId))) throw noSuchRun(runId)
}

/** A spec that names no network trains that of its source. */
export function withNetworkOf(source: ModelSource, spec: Record<string, unknown>): Record<string, unknown> {
  return namesNetwork(spec) ? spec : { ...source.network, ...spec }
}

/** The spec with what follows from its source: the run itself, and whether its head begins anew. */
export function withSource(
  source: ModelSource,
  spec: TrainingSpec,
  dataset: DatasetDescription | undefined,
): TrainingSpec {
  const { from } = spec
  if (!from || !dataset) return spec
  const { runId: _run, labId: _lab, modelId: _model, ...rest } = from
  const { classNames } = keepClasses(dataset, spec.classes)
  const newHead = from.newHead ?? `${classNames}` !== `${source.model.classNames}`
  return { ...spec, from: { ...rest, ...source.id, newHead } }
}

/** Why a spec that is valid by itself can't begin with its source. */
export function findMismatch(
  source: ModelSource,
  spec: TrainingSpec,
  dataset: DatasetDescription,
): SpecProblem[] {
  const resolved = resolveNetwork(spec, keepClasses(dataset, spec.classes))
  if ('problems' in resolved) return []
  return findSourceProblems(resolved.network, spec.from?.newHead ?? false, source.model)
}

function noSuchModel(id: string): Error {
  return refuse(`There is no imported model ${id} that you may use.`)
}

function noSuchRun(id: string): Error {
  return refuse(`There is no run ${id} that you may see.`)
}

function refuse(message: string): Error {
  return specImpossible([{ field: 'from', message }])
}
