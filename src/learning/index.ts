import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { restScope } from '../platform/http.js'
import type { CourseCatalog, FindPassedQuizzes } from './contract.js'
import { createLearningService, type LearningService } from './learning-service.js'
import { learningResolvers } from './resolvers.js'
import { learningRoutes } from './routes.js'

declare module 'fastify' {
  interface FastifyInstance {
    readonly learning: LearningService
  }
}

interface Options {
  readonly catalog: CourseCatalog
  readonly findPassedQuizzes: FindPassedQuizzes
}

/** Enrolment and progress. */
export const learning = fp<Options>(
  async (app: FastifyInstance, { catalog, findPassedQuizzes }) => {
    const service = createLearningService({ database: app.deps.database, catalog, findPassedQuizzes })
    app.decorate('learning', service)
    app.schemaParts.add({
      sdl: new URL('./learning.graphql', import.meta.url),
      resolvers: learningResolvers(service),
    })
    await restScope(app, rest => learningRoutes(rest, { service, catalog }))
  },
  { name: 'learning', dependencies: ['schema-parts', 'identity'] },
)
