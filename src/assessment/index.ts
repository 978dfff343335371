import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { restScope } from '../platform/http.js'
import { type AttemptService, createAttemptService } from './attempt-service.js'
import type { QuizCatalog } from './contract.js'
import { assessmentResolvers } from './resolvers.js'
import { attemptRoutes } from './routes.js'

declare module 'fastify' {
  interface FastifyInstance {
    readonly assessment: AttemptService
  }
}

interface Options {
  readonly catalog: QuizCatalog
}

/** Quizzes submitted, graded and reviewed. */
export const assessment = fp<Options>(
  async (app: FastifyInstance, { catalog }) => {
    const service = createAttemptService({
      database: app.deps.database,
      catalog,
      enrolments: app.learning,
    })
    app.decorate('assessment', service)
    app.schemaParts.add({
      sdl: new URL('./assessment.graphql', import.meta.url),
      resolvers: assessmentResolvers(service),
    })
    await restScope(app, rest => attemptRoutes(rest, service))
  },
  { name: 'assessment', dependencies: ['schema-parts', 'identity', 'learning'] },
)
