import { trace } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import { Counter } from 'prom-client'
import { readRootFields } from './root-fields.js'

/** Tells Prometheus what is asked over HTTP, and the request's span, which knows only that it is one of GraphQL. */
export function watchOperations(
  { deps, metrics }: FastifyInstance,
  { graphql }: Pick<FastifyInstance, 'graphql'>,
) {
  const { metricsPort, tracing } = deps.config
  if (metricsPort === undefined && tracing === undefined) return
  const counter = new Counter({
    name: 'lyceum_graphql_root_fields_total',
    help: 'Root fields of the documents that ran over HTTP.',
    ...{ labelNames: ['operation', 'field'], registers: [metrics] },
  })
  graphql.addHook('preExecution', async (_schema, document) => {
    const { operation, fields } = readRootFields(document)
    for (const field of fields) counter.inc({ operation, field })
    trace.getActiveSpan()?.updateName(`${operation} ${fields.join(' ')}`)
  })
}
