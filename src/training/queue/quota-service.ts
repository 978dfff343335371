import { z } from 'zod'
import { type Actor, requireScope } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { notFound } from '../../platform/errors.js'
import { requireRunReader } from '../policy.js'
import { changeQuota, type QuotaChange, type QuotaKey, type RunQuota, readQuota } from './quotas.js'

const most = 2_147_483_647
const count = z.int().min(0).max(most)

/** A quota as both faces show it. */
export const quotaBody = z.object({
  runsAtOnce: z.number().describe('Runs in a queue or on a worker; more are held.'),
  runsWaiting: z.number().describe('Runs that wait or are paused; more are not launched.'),
  gpuSecondsPerDay: z.number().describe('Of runs that ask for a GPU, within the last 24 hours.'),
})

/** What is left out stays; null gives the say back to the configuration. */
export const quotaChange = z.strictObject({
  runsAtOnce: count.nullish(),
  runsWaiting: count.nullish(),
  gpuSecondsPerDay: count.nullish(),
})

export type QuotaService = ReturnType<typeof createQuotaService>

/** What users and courses may take of the workers. */
export function createQuotaService({ database, config }: Pick<Dependencies, 'database' | 'config'>) {
  return {
    /** One's own. @throws UNAUTHENTICATED, SCOPE_REQUIRED */
    async mine(actor: Actor): Promise<RunQuota> {
      const { userId } = requireRunReader(actor)
      return readQuota(database, config.runQuotas, { subject: 'USER', subjectId: userId })
    },

    /** For admins. @throws UNAUTHENTICATED, SCOPE_REQUIRED, NOT_FOUND */
    async get(actor: Actor, key: QuotaKey): Promise<RunQuota> {
      requireScope(actor, 'admin')
      await requireSubject(key)
      return readQuota(database, config.runQuotas, key)
    },

    /** For admins. @throws UNAUTHENTICATED, SCOPE_REQUIRED, NOT_FOUND */
    async change(actor: Actor, key: QuotaKey, change: QuotaChange): Promise<RunQuota> {
      requireScope(actor, 'admin')
      await requireSubject(key)
      await changeQuota(database, key, change)
      return readQuota(database, config.runQuotas, key)
    },
  }

  async function requireSubject({ subject, subjectId }: QuotaKey) {
    const isKnown =
      subject === 'COURSE'
        ? (await database.course.count({ where: { id: subjectId } })) > 0
        : z.uuid().safeParse(subjectId).success &&
          (await database.user.count({ where: { id: subjectId } })) > 0
    if (!isKnown) throw notFound(subject === 'COURSE' ? 'course' : 'user')
  }
}
