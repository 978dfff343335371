import type { Span } from '@opentelemetry/api'
import { failSpan } from '../../src/platform/tracing/spans.js'
import type { StageReport, TrainerEvent } from '../../src/training/contract.js'
import type { RunMeter } from '../run-meter.js'
import { traceStage } from './run-trace.js'

export type AttemptWatch = ReturnType<typeof watchAttempt>

/** What is told of an attempt besides its history: to Prometheus, and to the collector of traces. */
export function watchAttempt(meter: RunMeter, span: Span) {
  return {
    isTraced: span.isRecording(),
    hear: (event: TrainerEvent, spec: { batchSize: number }) => meter.hear(event, spec),
    stored: (events: readonly TrainerEvent[]) => meter.stored(events),
    checkpoint: (outcome: 'stored' | 'failed') => meter.checkpoint(outcome),
    stage: (report: StageReport) => traceStage(span, report),
    fail(code: string) {
      meter.fail(code)
      failSpan(span, code)
    },
    end(outcome: string) {
      meter.end(outcome)
      span.setAttribute('lyceum.run.outcome', outcome).end()
    },
  }
}
