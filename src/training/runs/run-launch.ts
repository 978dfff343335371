import { isDeepStrictEqual } from 'node:util'
import type { FoundLab } from '../../catalog/contract.js'
import type { Actor, SignedInActor } from '../../identity/contract.js'
import type { Prisma, Transaction } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { notFound } from '../../platform/errors.js'
import { parseInput } from '../../platform/parse.js'
import { currentTraceparent } from '../../platform/tracing/spans.js'
import { type DatasetDescription, namesUpload } from '../datasets/datasets.js'
import { findTrainable, holdUpload } from '../datasets/uploaded-dataset.js'
import { runKeyReused, specImpossible, tooManyRuns } from '../errors.js'
import {
  findMismatch,
  findModelSource,
  holdSource,
  withNetworkOf,
  withSource,
} from '../models/model-sources.js'
import { machineClassOf } from '../queue/queue-names.js'
import { type DefaultQuotas, type QuotaKey, readQuota } from '../queue/quotas.js'
import type { StudentBudget } from '../queue/student-budget.js'
import { overrideSpec } from '../spec/network-spec.js'
import { type TrainingSpec, trainingSpec, validateSpec } from '../spec/training-spec.js'
import { requireBudget } from './launch-rules.js'
import type { RunEvent } from './run-events.js'
import type { LaunchInput, RerunInput } from './run-schemas.js'
import { type RunRow, runInclude } from './run-view.js'

/** What training asks of the catalog. */
export interface LabFinder {
  findLab(actor: Actor, labId: string): Promise<FoundLab | undefined>
}

/** What a launch reads. */
export interface Sources extends Pick<Dependencies, 'database' | 'storage'> {
  catalog: LabFinder
  quotas: DefaultQuotas
}

/** What a launch comes down to once its lab is read and its spec is whole. */
export interface LaunchPlan {
  name: string
  spec: TrainingSpec
  dataset: DatasetDescription
  courseId: string | null
  labId: string | null
  lessonRevisionId: string | null
  /** The run that it repeats. */
  rerunOfId: string | null
}

const longestName = 100

/** @throws INVALID_INPUT, NOT_FOUND (lab), RUN_SPEC_IMPOSSIBLE */
export async function planLaunch(
  sources: Sources,
  user: SignedInActor,
  input: LaunchInput,
): Promise<LaunchPlan> {
  const found = input.labId === undefined ? undefined : await sources.catalog.findLab(user, input.labId)
  if (input.labId !== undefined && found === undefined) throw notFound('lab')
  const base = found === undefined ? {} : trainingSpec.parse(found.lab.spec)
  return completePlan(sources, user, overrideSpec(base, input.spec ?? {}), {
    name: input.name ?? found?.lab.title,
    courseId: found?.courseId ?? null,
    labId: found?.lab.id ?? null,
    lessonRevisionId: found?.lessonRevisionId ?? null,
    rerunOfId: null,
  })
}

/** What a run did once more, in the same place of its course, but for what is asked otherwise. @throws INVALID_INPUT, RUN_SPEC_IMPOSSIBLE */
export function planRerun(
  sources: Sources,
  user: SignedInActor,
  run: RunRow,
  { name = run.name, spec = {} }: RerunInput,
): Promise<LaunchPlan> {
  const { courseId, labId, lessonRevisionId } = run
  const place = { name, courseId, labId, lessonRevisionId, rerunOfId: run.id }
  return completePlan(sources, user, overrideSpec(trainingSpec.parse(run.spec), spec), place)
}

async function completePlan(
  sources: Sources,
  user: SignedInActor,
  asked: Record<string, unknown>,
  { name, ...place }: Omit<LaunchPlan, 'name' | 'spec' | 'dataset'> & { name: string | undefined },
): Promise<LaunchPlan> {
  const source = await findModelSource(sources, user, asked)
  const parsed = parseInput(trainingSpec, source ? withNetworkOf(source, asked) : asked, 'spec')
  const dataset = await findTrainable(sources.database, user, parsed.dataset)
  const spec = source ? withSource(source, parsed, dataset) : parsed
  const problems = validateSpec(spec, dataset)
  if (source && dataset && problems.length === 0) problems.push(...findMismatch(source, spec, dataset))
  if (problems.length > 0 || dataset === undefined) throw specImpossible(problems)
  return { ...place, name: name ?? nameRun(spec, dataset), spec, dataset }
}

function nameRun({ architecture = 'A network' }: TrainingSpec, { id, title }: DatasetDescription): string {
  return `${architecture} on ${namesUpload(id) ? title : id}`.slice(0, longestName)
}

/**
 * Stores a queued run with its first attempt and its first event, or finds the one that the same idempotency
 * key made before.
 *
 * @throws RUN_IDEMPOTENCY_KEY_REUSED, what `requireBudget` throws, RUN_TOO_MANY, RUN_SPEC_IMPOSSIBLE where what it needs was deleted just now
 */
export function insertRun(
  { database, quotas }: Pick<Sources, 'database' | 'quotas'>,
  owner: SignedInActor,
  plan: LaunchPlan,
  budget: StudentBudget | null,
  { idempotencyKey, priority = 'NORMAL' }: Pick<LaunchInput, 'idempotencyKey' | 'priority'>,
): Promise<{ run: RunRow; isNew: boolean }> {
  return database.$transaction(async tx => {
    // One launch of a user at a time: neither the count nor the key can be passed by two at once.
    await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${owner.userId}::uuid FOR NO KEY UPDATE`
    const known = await findByKey(tx, owner.userId, idempotencyKey)
    if (known !== null) {
      if (!isSameLaunch(known, plan)) throw runKeyReused()
      return { run: known, isNew: false }
    }
    const { courseId } = plan
    const { userId: ownerId } = owner
    const machineClass = machineClassOf(plan.spec)
    if (budget !== null && courseId !== null) {
      await requireBudget(tx, { ownerId, courseId }, budget, machineClass)
    }
    await requireRoom(tx, quotas, { subject: 'USER', subjectId: ownerId }, { ownerId })
    if (courseId !== null)
      await requireRoom(tx, quotas, { subject: 'COURSE', subjectId: courseId }, { courseId })
    const datasetId = namesUpload(plan.spec.dataset) ? plan.spec.dataset : null
    if (datasetId !== null) await holdUpload(tx, datasetId)
    const { from } = plan.spec
    if (from !== undefined) await holdSource(tx, from)
    const { dataset: _, ...data } = plan
    const queued: RunEvent = { type: 'queued', attempt: 1 }
    const run = await tx.trainingRun.create({
      data: {
        ...data,
        spec: toJson(plan.spec),
        datasetId,
        sourceModelId: from?.modelId ?? null,
        priority,
        machineClass,
        ownerId,
        ...budget,
        idempotencyKey: idempotencyKey ?? null,
        traceparent: currentTraceparent() ?? null,
        lastEvent: 1,
        attempts: { create: { number: 1 } },
        events: { create: { number: 1, attempt: 1, type: queued.type, payload: queued } },
      },
      include: runInclude,
    })
    await tx.$executeRaw`SELECT pg_notify('run_events', ${run.id})`
    return { run, isNew: true }
  })
}

/** A course's is not counted under a lock: of launches by several users at once some may come in beyond it. */
async function requireRoom(
  tx: Transaction,
  quotas: DefaultQuotas,
  key: QuotaKey,
  whose: Prisma.TrainingRunWhereInput,
) {
  const { runsWaiting } = await readQuota(tx, quotas, key)
  const waiting = await tx.trainingRun.count({ where: { ...whose, status: { in: ['QUEUED', 'PAUSED'] } } })
  if (waiting >= runsWaiting) throw tooManyRuns(key.subject, runsWaiting)
}

async function findByKey(tx: Transaction, ownerId: string, idempotencyKey: string | undefined) {
  if (idempotencyKey === undefined) return null
  return tx.trainingRun.findUnique({
    where: { ownerId_idempotencyKey: { ownerId, idempotencyKey } },
    include: runInclude,
  })
}

/** The lesson's revision may have moved on between a launch and its repeat. */
function isSameLaunch(run: RunRow, plan: LaunchPlan): boolean {
  return (
    run.labId === plan.labId &&
    run.name === plan.name &&
    run.rerunOfId === plan.rerunOfId &&
    isDeepStrictEqual(run.spec, toJson(plan.spec))
  )
}

/** A spec as JSON has it: what is not given is absent. */
function toJson(spec: TrainingSpec): Prisma.InputJsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined))
}
