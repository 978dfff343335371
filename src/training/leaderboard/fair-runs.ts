import { Prisma } from '../../platform/database.js'
import type { TrainingSpec } from '../spec/training-spec.js'

/** What a run of a lab must keep to, so that its test accuracy can be held against that of others. */
export interface LabRules {
  spec: TrainingSpec
  /** Where the lab's runs begin with one of another lab: that lab, and its spec. Undefined where there is none. */
  source: { labId: string; spec: TrainingSpec } | undefined
}

/**
 * SQL that holds for a run `r` that was tested on the lab's own images, has seen no more of the training images than
 * the lab gives, and began with nothing, or with what the lab says.
 */
export function isFair({ spec, source }: LabRules): Prisma.Sql {
  const { runId = null, modelId = null } = spec.from ?? {}
  return Prisma.sql`${keepsTo('r', spec)} AND (
    r.spec -> 'from' IS NULL
    OR r.spec #>> '{from,runId}' = ${runId}
    OR r.spec #>> '{from,modelId}' = ${modelId}
    OR ${source ? beginsIn(source) : Prisma.sql`false`})`
}

/** A run of the other lab that was fair itself, and began with nothing. One that was deleted can't be looked at. */
function beginsIn({ labId, spec }: NonNullable<LabRules['source']>): Prisma.Sql {
  return Prisma.sql`EXISTS (
    SELECT 1 FROM training_runs s
    WHERE s.id = (r.spec #>> '{from,runId}')::uuid AND s."labId" = ${labId}
      AND ${keepsTo('s', spec)} AND s.spec -> 'from' IS NULL)`
}

function keepsTo(alias: 'r' | 's', { dataset, classes = [], trainingImages }: TrainingSpec): Prisma.Sql {
  const spec = Prisma.raw(`${alias}.spec`)
  // In whatever order: the images are the same.
  const chosen = Prisma.sql`COALESCE(${spec} -> 'classes', '[]')`
  const asked = Prisma.sql`${JSON.stringify(classes)}::jsonb`
  const most = trainingImages ?? null
  return Prisma.sql`${spec} ->> 'dataset' = ${dataset} AND ${chosen} @> ${asked} AND ${chosen} <@ ${asked}
    AND (${most}::int IS NULL OR (${spec} ->> 'trainingImages')::int <= ${most}::int)`
}
