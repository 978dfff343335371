import { z } from 'zod'
import type { SignedInActor } from '../../identity/contract.js'
import type { Database } from '../../platform/database.js'
import { forbidden } from '../../platform/errors.js'
import { mayManageRun } from '../policy.js'
import { getVisibleRun } from '../runs/run-access.js'
import { ownershipOf, type RunView, runInclude, viewRun } from '../runs/run-view.js'

/** PostgreSQL keeps neither NUL nor half a character. */
const storable = /^[^\0\p{Surrogate}]*$/u

const tag = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._:/+-]*$/u,
    'must begin with a letter or digit; then also spaces and . _ : / + -',
  )

/** What people say of a run. What is left out stays. */
export const runRecord = z
  .strictObject({
    name: z.string().trim().min(1).max(100).regex(storable, 'must not hold control characters').optional(),
    tags: z
      .array(tag)
      .max(20)
      .transform(tags => [...new Set(tags)])
      .optional(),
    /** Markdown. Null, or nothing in it, takes the notes away. */
    notes: z
      .string()
      .max(10_000)
      .regex(storable, 'must not hold control characters')
      .nullable()
      .transform(notes => notes?.trim() || null)
      .optional(),
  })
  .refine(
    change => Object.values(change).some(value => value !== undefined),
    'must have a name, tags or notes',
  )
export type RunRecord = z.output<typeof runRecord>

/** Renames a run, or sets its tags and notes. @throws NOT_FOUND, FORBIDDEN */
export async function updateRecord(
  database: Database,
  user: SignedInActor,
  id: string,
  { name, tags, notes }: RunRecord,
): Promise<RunView> {
  const row = await getVisibleRun(database, user, id)
  if (!mayManageRun(user, ownershipOf(row))) throw forbidden('change this run')
  const data = {
    ...(name === undefined ? {} : { name }),
    ...(tags === undefined ? {} : { tags }),
    ...(notes === undefined ? {} : { notes }),
  }
  return viewRun(await database.trainingRun.update({ where: { id: row.id }, data, include: runInclude }))
}
