import { type Span, trace } from '@opentelemetry/api'
import type { Dependencies } from '../../src/platform/dependencies.js'
import { contextOf, tracer } from '../../src/platform/tracing/spans.js'
import type { StageReport } from '../../src/training/contract.js'
import { type AttemptKey, readWait } from '../../src/training/runs/run-ledger.js'

type Parts = Pick<Dependencies, 'config' | 'database' | 'logger'> & { readonly workerId: string }

/** Opens the span of an attempt that was claimed, beside that of its wait. It has to be ended. */
export async function traceAttempt(
  { config, database, logger, workerId }: Parts,
  key: AttemptKey,
): Promise<Span> {
  const attributes = { 'lyceum.run.id': key.runId, 'lyceum.run.attempt': key.attempt }
  const wait =
    config.tracing &&
    (await readWait(database, key).catch(err => {
      logger.warn({ err, ...key }, 'The wait of a run could not be traced')
      return undefined
    }))
  const launch = contextOf(wait?.traceparent)
  if (wait) {
    tracer
      .startSpan('wait in the queue', { attributes, startTime: wait.queuedAt }, launch)
      .end(wait.claimedAt)
  }
  return tracer.startSpan('attempt', { attributes: { ...attributes, 'lyceum.worker.id': workerId } }, launch)
}

/** The child keeps no spans: a child that is killed would lose them, and a collector that is away would hold it up. */
export function traceStage(attempt: Span, { name, epoch, begin, end, broken }: StageReport): void {
  const attributes = {
    ...(epoch === undefined ? {} : { 'lyceum.run.epoch': epoch }),
    ...(broken ? { 'lyceum.run.broken': true } : {}),
  }
  tracer.startSpan(name, { attributes, startTime: begin }, trace.setSpan(contextOf(null), attempt)).end(end)
}
