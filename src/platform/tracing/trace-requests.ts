import { type Context, context, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { contextOf, failSpan, tracer } from './spans.js'

/** Asked every few seconds, and of nothing. */
const untraced = new Set<string | undefined>(['/healthz', '/readyz'])

const traces = new WeakMap<FastifyRequest, { span: Span; context: Context }>()

/** A span for each request, below that of the caller's `traceparent`. Its address stays out: it may hold anything. */
export const traceRequests = fp(
  async (app: FastifyInstance) => {
    if (app.deps.config.tracing === undefined) return
    app.addHook('onRequest', (request, _reply, done) => {
      const { method, headers } = request
      const route = request.routeOptions.url
      if (untraced.has(route)) return done()
      const attributes = { 'http.request.method': method, 'http.route': route ?? 'none' }
      const parent = contextOf(typeof headers.traceparent === 'string' ? headers.traceparent : undefined)
      const span = tracer.startSpan(`${method} ${route ?? ''}`, { kind: SpanKind.SERVER, attributes }, parent)
      const within = trace.setSpan(parent, span)
      traces.set(request, { span, context: within })
      context.with(within, done)
    })
    // The body was read by what belongs to the connection.
    app.addHook('preValidation', (request, _reply, done) => {
      const found = traces.get(request)
      if (found === undefined) return done()
      context.with(found.context, done)
    })
    app.addHook('onResponse', (request, { statusCode }, done) => {
      const span = traces.get(request)?.span
      span?.setAttribute('http.response.status_code', statusCode)
      if (span !== undefined && statusCode >= 500) failSpan(span, String(statusCode))
      span?.end()
      done()
    })
  },
  { name: 'trace-requests' },
)
