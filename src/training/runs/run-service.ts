import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { RunPriority } from '../../generated/prisma/enums.js'
import type { Actor, SignedInActor } from '../../identity/contract.js'
import type { Prisma } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { forbidden, notFound } from '../../platform/errors.js'
import { type Page, type PageInput, readPage } from '../../platform/pagination.js'
import { inSpan } from '../../platform/tracing/spans.js'
import {
  modelMissing,
  priorityFixed,
  runHasEnded,
  runModelInUse,
  runNotEnded,
  runNotPausable,
  runNotPaused,
} from '../errors.js'
import {
  mayCancelRun,
  mayManageRun,
  maySeeRun,
  requirePriority,
  requireRunEditor,
  requireRunReader,
} from '../policy.js'
import type { Dispatcher } from '../queue/dispatcher.js'
import { keepTimes } from '../queue/keep-times.js'
import { setPriority } from '../queue/release-runs.js'
import type { StudentBudget } from '../queue/student-budget.js'
import { type NetworkSummaryBody, summarizeSpec } from '../spec/network-summary.js'
import { findCheckpoints, removeCheckpoints, type StoredCheckpoint } from './checkpoint-ledger.js'
import { type Curve, thin } from './curve.js'
import type { ObserveDelay } from './event-delay.js'
import { type LaunchRules, requireBudget } from './launch-rules.js'
import { watchRuns } from './live-runs.js'
import { countFineTunings, findVisibleRun, getVisibleRun } from './run-access.js'
import { findCurves, findEvents, type StoredEvent } from './run-feed.js'
import { filesOfRun } from './run-files.js'
import { insertRun, type LabFinder, type LaunchPlan, planLaunch, planRerun } from './run-launch.js'
import { requestCancel, requestPause, resumeRun } from './run-requests.js'
import type { LaunchInput, RerunInput } from './run-schemas.js'
import { finalStatuses, isFinal } from './run-states.js'
import { type ModelFile, ownershipOf, type RunRow, type RunView, runInclude, viewRun } from './run-view.js'

type Parts = Pick<Dependencies, 'config' | 'database' | 'notifications' | 'storage'>

/** A page, and how many rows the whole list has. */
export interface RunList {
  page: Page<RunView>
  totalCount: number
}

export type RunService = ReturnType<typeof createRunService>

/** The use-cases of training runs. What an actor may not see is answered like what does not exist. */
export function createRunService(
  { config, database, notifications, storage }: Parts,
  catalog: LabFinder,
  dispatcher: Pick<Dispatcher, 'dispatch'>,
  { requireLaunch }: Pick<LaunchRules, 'requireLaunch'>,
  observeDelay?: ObserveDelay,
) {
  const watchRun = watchRuns(database, notifications, observeDelay)
  const sources = { database, storage, catalog, quotas: config.runQuotas }

  return {
    launchRun,
    rerun,
    summarizeNetwork,
    cancelRun,
    pauseRun,
    resumeRun: resume,
    setRunPriority,
    deleteRun,
    findRun,
    getRun,
    listRuns,
    listLabRuns,
    listEvents,
    readCurve,
    listCheckpoints,
    watchRun: watch,
    openModelFile,
  }

  /** @throws what `requireRunEditor`, `requireLaunch`, `planLaunch` and `insertRun` throw */
  async function launchRun(actor: Actor, input: LaunchInput): Promise<RunView> {
    const user = requireRunEditor(actor)
    requirePriority(user, input.priority ?? 'NORMAL')
    const budget = await requireLaunch(user, input.labId ?? null)
    return launch(user, await planLaunch(sources, user, input), budget, input)
  }

  /** Launches once more what a run did. @throws NOT_FOUND, and what `launchRun` throws */
  async function rerun(actor: Actor, id: string, input: RerunInput): Promise<RunView> {
    const user = requireRunEditor(actor)
    const row = await getRow(user, id)
    const budget = await requireLaunch(user, row.labId)
    return launch(user, await planRerun(sources, user, row, input), budget, input)
  }

  function launch(
    user: SignedInActor,
    plan: LaunchPlan,
    budget: StudentBudget | null,
    input: Pick<LaunchInput, 'idempotencyKey' | 'priority'>,
  ): Promise<RunView> {
    return inSpan('launch', {}, async span => {
      const { run, isNew } = await insertRun(sources, user, plan, budget, input)
      span.setAttribute('lyceum.run.id', run.id)
      if (!isNew) return viewRun(run)
      await dispatcher.dispatch()
      return viewRun(await getRow(user, run.id))
    })
  }

  /** What a launch with this input would train. @throws what `planLaunch` throws */
  async function summarizeNetwork(actor: Actor, input: LaunchInput): Promise<NetworkSummaryBody> {
    const { spec, dataset } = await planLaunch(sources, requireRunReader(actor), input)
    return summarizeSpec(spec, dataset)
  }

  /** Asks a run to end. @throws NOT_FOUND, FORBIDDEN, RUN_HAS_ENDED */
  async function cancelRun(actor: Actor, id: string): Promise<RunView> {
    const user = requireRunEditor(actor)
    const { id: runId } = await getManagedRow(user, id, 'cancel this run', mayCancelRun)
    if (!(await requestCancel(database, runId, user.userId))) throw runHasEnded()
    const row = await getRow(user, runId)
    // One that was paused: where a worker holds the run, it does this.
    if (isFinal(row.status)) await removeCheckpoints({ database, storage }, runId)
    return viewRun(row)
  }

  /** Frees the run's worker until it is resumed; of one that is paused already nothing changes. @throws NOT_FOUND, FORBIDDEN, RUN_NOT_PAUSABLE */
  async function pauseRun(actor: Actor, id: string): Promise<RunView> {
    const user = requireRunEditor(actor)
    const { id: runId } = await getManagedRow(user, id, 'pause this run')
    const asked = await requestPause(database, runId, user.userId)
    const row = await getRow(user, runId)
    if (!asked && row.status !== 'PAUSED') throw runNotPausable(row.status)
    return viewRun(row)
  }

  /** Queues a paused run, which goes on from its last checkpoint. @throws NOT_FOUND, FORBIDDEN, RUN_NOT_PAUSED, and what `requireLaunch` and `requireBudget` throw */
  async function resume(actor: Actor, id: string): Promise<RunView> {
    const user = requireRunEditor(actor)
    const row = await getManagedRow(user, id, 'resume this run')
    const { id: runId, status, courseId, machineClass, ownerId } = row
    const budget = await requireLaunch(user, row.labId)
    if (budget !== null && courseId !== null) {
      await requireBudget(database, { ownerId, courseId }, budget, machineClass)
    }
    if ((await resumeRun(database, runId, user.userId, budget ?? {})) === undefined)
      throw runNotPaused(status)
    await dispatcher.dispatch()
    return viewRun(await getRow(user, runId))
  }

  /** @throws NOT_FOUND, FORBIDDEN, RUN_PRIORITY_FIXED */
  async function setRunPriority(actor: Actor, id: string, priority: RunPriority): Promise<RunView> {
    const user = requireRunEditor(actor)
    requirePriority(user, priority)
    const { id: runId } = await getManagedRow(user, id, 'change the priority of this run')
    if (!(await setPriority(database, runId, priority))) throw priorityFixed()
    await dispatcher.dispatch()
    return viewRun(await getRow(user, runId))
  }

  /** Deletes a run that has ended, with its files. @throws NOT_FOUND, FORBIDDEN, RUN_NOT_ENDED, RUN_MODEL_IN_USE */
  async function deleteRun(actor: Actor, id: string): Promise<void> {
    const row = await getManagedRow(requireRunEditor(actor), id, 'delete this run')
    await database.$transaction(async tx => {
      const runs = await countFineTunings(tx, row.id)
      if (runs > 0) throw runModelInUse(runs)
      await keepTimes(tx, row.id)
      const { count } = await tx.trainingRun.deleteMany({
        where: { id: row.id, status: { in: [...finalStatuses] } },
      })
      if (count === 0) throw runNotEnded()
    })
    await database.$executeRaw`SELECT pg_notify('run_events', ${row.id})`
    // After the row: files without a run are garbage, a run without its files would be a lie.
    await storage.deleteAll(filesOfRun(row.id))
  }

  async function findRun(actor: Actor, id: string): Promise<RunView | undefined> {
    const row = await findVisibleRun(database, requireRunReader(actor), id)
    return row && viewRun(row)
  }

  /** @throws NOT_FOUND */
  async function getRun(actor: Actor, id: string): Promise<RunView> {
    return viewRun(await getRow(requireRunReader(actor), id))
  }

  /** The actor's own runs, the newest first. */
  function listRuns(actor: Actor, page: PageInput): Promise<RunList> {
    return list({ ownerId: requireRunReader(actor).userId }, page)
  }

  /** The runs of a lab that the actor may see, the newest first. @throws NOT_FOUND */
  async function listLabRuns(actor: Actor, labId: string, page: PageInput): Promise<RunList> {
    const user = requireRunReader(actor)
    const found = await catalog.findLab(user, labId)
    if (found === undefined) throw notFound('lab')
    const seesAll = maySeeRun(user, { ownerId: '', courseOwnerId: found.courseOwnerId })
    return list(seesAll ? { labId } : { labId, ownerId: user.userId }, page)
  }

  async function list(where: Prisma.TrainingRunWhereInput, page: PageInput): Promise<RunList> {
    const [found, totalCount] = await Promise.all([
      readPage(page, {
        key: z.uuid(),
        // Ids are UUIDs of version 7: their order is that of the launches.
        order: 'desc',
        async read({ bounds: id, order, take }) {
          const rows = await database.trainingRun.findMany({
            where: { AND: [where, { id }] },
            orderBy: { id: order },
            take,
            include: runInclude,
          })
          return rows.map(viewRun)
        },
        keyOf: run => run.id,
      }),
      database.trainingRun.count({ where }),
    ])
    return { page: found, totalCount }
  }

  /** At most `limit` events with a number above `after`, in order. @throws NOT_FOUND */
  async function listEvents(actor: Actor, id: string, after: number, limit: number): Promise<StoredEvent[]> {
    const { id: runId } = await getRow(requireRunReader(actor), id)
    return findEvents(database, runId, after, limit)
  }

  /** The run's metrics, of its steps at most about `maxPoints`. @throws NOT_FOUND */
  async function readCurve(actor: Actor, id: string, maxPoints: number): Promise<Curve> {
    const { id: runId } = await getRow(requireRunReader(actor), id)
    const [curve] = await findCurves(database, [runId])
    return { steps: thin(curve?.steps ?? [], maxPoints), epochs: curve?.epochs ?? [] }
  }

  /** What the run could go on from, the latest first. @throws NOT_FOUND */
  async function listCheckpoints(actor: Actor, id: string): Promise<StoredCheckpoint[]> {
    const { id: runId } = await getRow(requireRunReader(actor), id)
    return findCheckpoints(database, runId)
  }

  /**
   * The events above `after` as they come, until the run has ended or `signal` is aborted. `ended` is true
   * where there is nothing to wait for: the run has ended and all its events were seen.
   *
   * @throws NOT_FOUND
   */
  async function watch(actor: Actor, id: string, after: number, signal: AbortSignal) {
    const { id: runId, status, lastEvent } = await getRow(requireRunReader(actor), id)
    return {
      ended: isFinal(status) && after >= lastEvent,
      events: watchRun(runId, after, signal),
    }
  }

  /** @throws NOT_FOUND, RUN_MODEL_MISSING */
  async function openModelFile(
    actor: Actor,
    id: string,
    file: ModelFile,
  ): Promise<{ size: number; stream: Readable }> {
    const { modelKey } = await getRow(requireRunReader(actor), id)
    const opened = modelKey === null ? undefined : await storage.open(`${modelKey}/${file}`)
    if (opened === undefined) throw modelMissing()
    return opened
  }

  function getRow(user: SignedInActor, id: string): Promise<RunRow> {
    return getVisibleRun(database, user, id)
  }

  async function getManagedRow(
    user: SignedInActor,
    id: string,
    act: string,
    may: (user: SignedInActor, run: ReturnType<typeof ownershipOf>) => boolean = mayManageRun,
  ) {
    const row = await getRow(user, id)
    if (!may(user, ownershipOf(row))) throw forbidden(act)
    return row
  }
}
