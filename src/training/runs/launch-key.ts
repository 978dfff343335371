import { z } from 'zod'
import { runKeysDiffer } from '../errors.js'
import { idempotencyKey } from './run-schemas.js'

export const launchHeaders = z.object({ 'idempotency-key': idempotencyKey.optional() })

/** The body with the idempotency key of the header, where it has none itself. @throws RUN_IDEMPOTENCY_KEYS_DIFFER */
export function withKeyOf<Body extends { idempotencyKey?: string | undefined }>({
  headers,
  body,
}: {
  headers: z.output<typeof launchHeaders>
  body: Body
}): Body {
  const header = headers['idempotency-key']
  const key = body.idempotencyKey ?? header
  if (header !== undefined && key !== header) throw runKeysDiffer()
  return { ...body, idempotencyKey: key }
}
