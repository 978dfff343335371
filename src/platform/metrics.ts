import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'

declare module 'fastify' {
  interface FastifyInstance {
    /** What this process tells Prometheus, where somebody asks: each domain adds its own. */
    readonly metrics: Registry
  }
}

/** The durations of requests, and what Node says of its own process. Without a port for it nothing is measured. */
export const metrics = fp(
  async (app: FastifyInstance) => {
    const registry = new Registry()
    app.decorate('metrics', registry)
    if (app.deps.config.metricsPort === undefined) return
    collectDefaultMetrics({ register: registry })
    const durations = new Histogram({
      name: 'lyceum_http_request_duration_seconds',
      help: 'Time to answer a request, by the template of its route; a stream counts when it ends.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [registry],
    })
    app.addHook('onResponse', (request, reply, done) => {
      // Never the address itself: it is anything that anybody sends, and each would be a series for ever.
      const route = request.routeOptions.url ?? 'none'
      const status = `${Math.floor(reply.statusCode / 100)}xx`
      durations.observe({ method: request.method, route, status }, reply.elapsedTime / 1000)
      done()
    })
  },
  { name: 'metrics' },
)
