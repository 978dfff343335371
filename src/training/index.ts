import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { SchemaPart } from '../platform/graphql/schema-parts.js'
import { restScope } from '../platform/http.js'
import { comparisonResolvers, comparisonRoutes } from './comparison/comparison-faces.js'
import { createComparisonService } from './comparison/comparison-service.js'
import { datasetResolvers, datasetRoutes } from './datasets/dataset-faces.js'
import { createDatasetService } from './datasets/dataset-service.js'
import { insightResolvers } from './insight/insight-resolvers.js'
import { insightRoutes } from './insight/insight-routes.js'
import { createInsightService } from './insight/insight-service.js'
import { leaderboardResolvers, leaderboardRoutes } from './leaderboard/leaderboard-faces.js'
import { createLeaderboardService } from './leaderboard/leaderboard-service.js'
import { modelDrawingRoutes } from './model-insight/model-drawing-routes.js'
import { createModelDrawingService } from './model-insight/model-drawing-service.js'
import { modelInsightResolvers } from './model-insight/model-insight-resolvers.js'
import { modelInsightRoutes } from './model-insight/model-insight-routes.js'
import { createModelInsightService } from './model-insight/model-insight-service.js'
import { exportRoutes } from './models/export-routes.js'
import { createExportService } from './models/export-service.js'
import { modelResolvers, modelRoutes } from './models/model-faces.js'
import { createModelService } from './models/model-service.js'
import { createDispatcher } from './queue/dispatcher.js'
import { queueDashboard } from './queue/queue-dashboard.js'
import { queueResolvers, queueRoutes } from './queue/queue-faces.js'
import { measureQueues } from './queue/queue-metrics.js'
import { createQueueService } from './queue/queue-service.js'
import { quotaResolvers, quotaRoutes } from './queue/quota-faces.js'
import { createQuotaService } from './queue/quota-service.js'
import { standingResolvers, standingRoutes } from './queue/standing-faces.js'
import { createStandingService } from './queue/standing-service.js'
import { createModelAsker } from './runs/ask-model.js'
import { measureEventDelay } from './runs/event-delay.js'
import { eventStreamRoute } from './runs/event-stream.js'
import { launchResolvers, launchRoutes } from './runs/launch-faces.js'
import { createLaunchRules, type Enrolments } from './runs/launch-rules.js'
import { predictionRoutes } from './runs/prediction-routes.js'
import { createPredictionService } from './runs/prediction-service.js'
import { startReconciler } from './runs/reconciler.js'
import type { LabFinder } from './runs/run-launch.js'
import { trainingResolvers } from './runs/run-resolvers.js'
import { trainingRoutes } from './runs/run-routes.js'
import { createRunService, type RunService } from './runs/run-service.js'
import { startStorageSweep } from './storage-sweep.js'
import { workerResolvers, workerRoutes } from './workers/worker-faces.js'

declare module 'fastify' {
  interface FastifyInstance {
    readonly training: RunService
  }
}

interface Options {
  readonly catalog: LabFinder
  readonly enrolments: Enrolments
}

/** Training runs: launched, watched, cancelled, deleted, and their models used; and the datasets and models that users send. */
export const training = fp<Options>(
  async (app: FastifyInstance, { catalog, enrolments }) => {
    const dispatcher = createDispatcher(app.deps)
    const asker = createModelAsker(app.deps)
    const rules = createLaunchRules(app.deps, catalog, enrolments)
    const observeDelay = measureEventDelay(app.metrics)
    const service = createRunService(app.deps, catalog, dispatcher, rules, observeDelay)
    const predictions = createPredictionService(app.deps, asker)
    const exports = createExportService(app.deps)
    app.decorate('training', service)
    await add('./runs/runs.graphql', trainingResolvers(service, exports, predictions), [
      trainingRoutes(service),
      eventStreamRoute(app, service),
      predictionRoutes(predictions),
      exportRoutes(exports),
    ])

    await add('./runs/launch.graphql', launchResolvers(rules), [launchRoutes(rules)])

    measureQueues(app.metrics, app.deps)
    const queue = createQueueService(app.deps)
    await add('./queue/queue.graphql', queueResolvers(queue), [queueRoutes(queue)])
    await queueDashboard(app)
    const { listWorkers } = queue
    await add('./workers/workers.graphql', workerResolvers(listWorkers), [workerRoutes(listWorkers)])
    const standings = createStandingService(app.deps)
    await add('./queue/standing.graphql', standingResolvers(standings), [standingRoutes(app, standings)])
    const quotas = createQuotaService(app.deps)
    await add('./queue/quotas.graphql', quotaResolvers(quotas), [quotaRoutes(quotas)])

    const insight = createInsightService(app.deps)
    await add('./insight/insight.graphql', insightResolvers(insight, service), [
      insightRoutes(insight, service),
    ])
    const comparisons = createComparisonService(app.deps)
    await add('./comparison/comparison.graphql', comparisonResolvers(comparisons), [
      comparisonRoutes(comparisons),
    ])
    const leaderboards = createLeaderboardService(app.deps, catalog)
    await add('./leaderboard/leaderboard.graphql', leaderboardResolvers(leaderboards), [
      leaderboardRoutes(leaderboards),
    ])
    const modelInsight = createModelInsightService(app.deps)
    const drawings = createModelDrawingService(app.deps, asker, modelInsight)
    await add('./model-insight/model-insight.graphql', modelInsightResolvers(modelInsight, drawings), [
      modelInsightRoutes(modelInsight),
      modelDrawingRoutes(drawings),
    ])

    const datasets = createDatasetService(app.deps)
    await add('./datasets/datasets.graphql', datasetResolvers(datasets), [datasetRoutes(datasets)])
    const models = createModelService(app.deps)
    await add('./models/models.graphql', modelResolvers(models), [modelRoutes(models)])

    const stops: (() => Promise<void>)[] = []
    app.addHook('onReady', async () => {
      stops.push(startReconciler(app.deps, dispatcher), startStorageSweep(app.deps))
    })
    app.addHook('onClose', async () => {
      standings.close()
      await Promise.all(stops.map(stop => stop()))
      await dispatcher.close()
    })

    /** A part of the schema and its routes, each in a scope of its own. */
    async function add(
      sdl: string,
      resolvers: SchemaPart['resolvers'],
      routes: Parameters<typeof restScope>[1][],
    ) {
      app.schemaParts.add({ sdl: new URL(sdl, import.meta.url), resolvers })
      for (const part of routes) await restScope(app, part)
    }
  },
  { name: 'training', dependencies: ['http', 'schema-parts', 'identity', 'metrics'] },
)
