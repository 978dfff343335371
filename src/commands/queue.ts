import type { Database } from '../platform/database.js'
import { notFound } from '../platform/errors.js'
import { parseInput } from '../platform/parse.js'
import {
  changeQuota,
  type DefaultQuotas,
  drainWorker,
  listLiveWorkers,
  pauseQueues,
  type QuotaKey,
  quotaChange,
  readQueues,
  readQuota,
  resumeQueues,
} from '../training/administration.js'

/** Prints the queues, and whether they are paused. */
export async function showQueues(database: Database): Promise<void> {
  for (const { machineClass, pausedAt, waiting, held, running, workers } of await readQueues(database)) {
    const state = pausedAt === null ? '' : `, paused since ${pausedAt.toISOString()}`
    console.log(
      `${machineClass}: ${running} running, ${waiting} waiting, ${held} held; ${workers} workers${state}`,
    )
  }
}

export async function pause(database: Database): Promise<void> {
  await pauseQueues(database)
  await showQueues(database)
}

export async function resume(database: Database): Promise<void> {
  await resumeQueues(database)
  await showQueues(database)
}

/** Prints the workers that live, the oldest first. */
export async function showWorkers(database: Database): Promise<void> {
  const workers = await listLiveWorkers(database)
  if (workers.length === 0) console.log('No worker lives.')
  for (const { id, classes, runs, slots, engines, drainingAt } of workers) {
    const engine = engines.find(({ works }) => works)
    const what = engine ? `${engine.engine}, ${engine.device}` : 'no engine yet'
    const state = drainingAt === null ? '' : ', draining'
    console.log(`${id}: ${runs} of ${slots} runs, takes ${classes.join(' and ') || 'none'} (${what})${state}`)
  }
}

/** @throws NOT_FOUND where there is no such worker */
export async function setDrain(database: Database, id: string, drain: boolean): Promise<void> {
  if (!(await drainWorker(database, id, drain))) throw notFound('worker')
  console.log(drain ? `${id} finishes what it has and takes no new runs.` : `${id} takes runs again.`)
}

/** What `--user` and `--course` name. @throws NOT_FOUND, or Error unless one of them is given */
export async function findQuota(
  database: Database,
  { user, course }: { user?: string; course?: string },
): Promise<QuotaKey> {
  if ((user === undefined) === (course === undefined)) throw new Error('Name a --user or a --course.')
  if (course !== undefined) {
    if ((await database.course.count({ where: { id: course } })) === 0) throw notFound('course')
    return { subject: 'COURSE', subjectId: course }
  }
  const found = await database.user.findUnique({
    where: { email: (user ?? '').toLowerCase() },
    select: { id: true },
  })
  if (found === null) throw notFound('user')
  return { subject: 'USER', subjectId: found.id }
}

export async function showQuota(database: Database, defaults: DefaultQuotas, key: QuotaKey): Promise<void> {
  const { runsAtOnce, runsWaiting, gpuSecondsPerDay } = await readQuota(database, defaults, key)
  console.log(`${runsAtOnce} runs at once, ${runsWaiting} waiting, ${gpuSecondsPerDay} GPU-seconds a day`)
}

/** @param change each a number, or 'default' @throws INVALID_INPUT */
export async function setQuota(
  database: Database,
  defaults: DefaultQuotas,
  key: QuotaKey,
  change: Partial<Record<'runsAtOnce' | 'runsWaiting' | 'gpuSecondsPerDay', string>>,
): Promise<void> {
  const asked = Object.entries(change).map(([name, text]) => [name, text === 'default' ? null : Number(text)])
  await changeQuota(database, key, parseInput(quotaChange, Object.fromEntries(asked)))
  await showQuota(database, defaults, key)
}
