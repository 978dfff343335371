import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { LyceumError } from '../errors.js'

/** Makes spans that nobody keeps until tracing is started. */
export const tracer = trace.getTracer('lyceum')

/** Where what a `traceparent` names is the parent; a text that is none is ignored. */
export function contextOf(traceparent: string | null | undefined): Context {
  return propagation.extract(ROOT_CONTEXT, traceparent ? { traceparent } : {})
}

/** Names the span that is under way, as W3C's Trace Context does; undefined where nothing is traced. */
export function currentTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent
}

/** Does something as a span of its own, below the one that is under way. */
export function inSpan<Result>(
  name: string,
  attributes: Attributes,
  act: (span: Span) => Promise<Result>,
): Promise<Result> {
  return tracer.startActiveSpan(name, { attributes }, async span => {
    try {
      return await act(span)
    } catch (error) {
      failSpan(span, error instanceof LyceumError ? error.code : 'INTERNAL')
      throw error
    } finally {
      span.end()
    }
  })
}

/** By its code alone: a message may name what a user wrote. */
export function failSpan(span: Span, code: string): void {
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
