import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { assessment } from './assessment/index.js'
import { catalog } from './catalog/index.js'
import { identity } from './identity/index.js'
import { authenticateSocket } from './identity/socket-actor.js'
import { learning } from './learning/index.js'
import { closeConnections } from './platform/close-connections.js'
import type { Dependencies } from './platform/dependencies.js'
import { graphiql } from './platform/graphiql/index.js'
import { graphql } from './platform/graphql/index.js'
import { schemaParts } from './platform/graphql/schema-parts.js'
import { health } from './platform/health.js'
import { http } from './platform/http.js'
import { metrics } from './platform/metrics.js'
import { openapi } from './platform/openapi.js'
import { problems, sendFrameworkError } from './platform/problem.js'
import { RequestLog } from './platform/request-log.js'
import { traceRequests } from './platform/tracing/trace-requests.js'
import { training } from './training/index.js'

/** What the routes of the REST face are grouped under. */
const tags = [
  { name: 'Session', description: 'Signing in and out.' },
  { name: 'Account', description: "One's own account, and tokens for scripts." },
  { name: 'Users', description: 'All accounts, for admins.' },
  { name: 'Courses', description: 'What there is to read.' },
  { name: 'Learning', description: 'Enrolment and progress.' },
  { name: 'Quizzes', description: 'Submitting answers, and what became of them.' },
  { name: 'Datasets', description: 'What networks are trained on, uploads among it.' },
  { name: 'Models', description: 'Trained networks that are brought here for runs to begin with.' },
  { name: 'Training', description: 'Training runs, watched live, and the models they made.' },
]

/** Builds the API from its parts. The caller listens, and closes. */
export async function buildApp(deps: Dependencies): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = deps.logger
  const app = Fastify({
    loggerInstance: logger,
    logController: new RequestLog(),
    trustProxy: deps.config.trustProxy,
    bodyLimit: 1024 * 1024,
    // A request id that a client sends is not taken over: it could forge lines of the log.
    requestIdHeader: false,
    frameworkErrors: sendFrameworkError,
  })
  app.decorate('deps', deps)
  closeConnections(app)
  await app.register(problems)
  await app.register(metrics)
  await app.register(traceRequests)
  await app.register(schemaParts)
  await app.register(http)
  await app.register(openapi, { tags })
  await app.register(identity)
  await app.register(catalog)
  await app.register(learning, {
    catalog: app.catalog,
    findPassedQuizzes: (userId, quizIds) => app.assessment.findPassed(userId, quizIds),
  })
  await app.register(assessment, { catalog: app.catalog })
  await app.register(training, { catalog: app.catalog, enrolments: app.learning })
  await app.register(graphql, {
    context: request => ({ actor: request.actor }),
    async connect(credentials) {
      const actor = await authenticateSocket(app.identity, credentials)
      return {
        context: { actor },
        token: actor.kind === 'user' ? { id: actor.tokenId, expiresAt: actor.tokenExpiresAt } : undefined,
      }
    },
  })
  await app.register(graphiql)
  await app.register(health)
  return app
}
