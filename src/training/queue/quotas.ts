import type { QuotaSubject } from '../../generated/prisma/enums.js'
import type { Database, Transaction } from '../../platform/database.js'
import { tellQueue } from './tell-queue.js'

/** What the runs of a user, or of a course's labs, may take. */
export interface RunQuota {
  /** Runs that are in a queue or on a worker; more are held. */
  readonly runsAtOnce: number
  /** Runs that wait or are paused; more are not launched. */
  readonly runsWaiting: number
  /** Of the runs that ask for a GPU, within the last 24 hours. */
  readonly gpuSecondsPerDay: number
}

/** Those of the configuration. */
export type DefaultQuotas = Readonly<Record<QuotaSubject, RunQuota>>

/** What a quota is of. */
export interface QuotaKey {
  readonly subject: QuotaSubject
  readonly subjectId: string
}

/** The quotas of several users and courses. */
export interface QuotaBook {
  of(subject: QuotaSubject, subjectId: string): RunQuota
}

/** What is changed of a quota; null gives the say back to the configuration. */
export type QuotaChange = { readonly [Field in keyof RunQuota]?: number | null | undefined }

/** @param ids of users and courses; a course's is no UUID, so that they are not confused */
export async function readQuotas(
  database: Database | Transaction,
  defaults: DefaultQuotas,
  ids: readonly string[],
): Promise<QuotaBook> {
  const rows = await database.quota.findMany({ where: { subjectId: { in: [...ids] } } })
  const changed = new Map(rows.map(row => [`${row.subject} ${row.subjectId}`, row]))
  return {
    of(subject, subjectId) {
      const row = changed.get(`${subject} ${subjectId}`)
      const given = defaults[subject]
      return {
        runsAtOnce: row?.runsAtOnce ?? given.runsAtOnce,
        runsWaiting: row?.runsWaiting ?? given.runsWaiting,
        gpuSecondsPerDay: row?.gpuSecondsPerDay ?? given.gpuSecondsPerDay,
      }
    },
  }
}

export async function readQuota(
  database: Database | Transaction,
  defaults: DefaultQuotas,
  { subject, subjectId }: QuotaKey,
): Promise<RunQuota> {
  return (await readQuotas(database, defaults, [subjectId])).of(subject, subjectId)
}

/** What is left out stays as it is. Held runs that the change lets go are released at once. */
export async function changeQuota(database: Database, key: QuotaKey, change: QuotaChange): Promise<void> {
  const data = {
    ...(change.runsAtOnce === undefined ? {} : { runsAtOnce: change.runsAtOnce }),
    ...(change.runsWaiting === undefined ? {} : { runsWaiting: change.runsWaiting }),
    ...(change.gpuSecondsPerDay === undefined ? {} : { gpuSecondsPerDay: change.gpuSecondsPerDay }),
  }
  await database.$transaction(async tx => {
    await tx.quota.upsert({
      where: { subject_subjectId: { subject: key.subject, subjectId: key.subjectId } },
      create: { ...key, ...data },
      update: data,
    })
    await tellQueue(tx)
  })
}
