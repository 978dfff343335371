import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { restScope } from '../platform/http.js'
import { datasetResolvers, datasetRoutes } from './datasets/dataset-faces.js'
import { createDatasetService } from './datasets/dataset-service.js'
import { insightResolvers } from './insight/insight-resolvers.js'
import { insightRoutes } from './insight/insight-routes.js'
import { createInsightService } from './insight/insight-service.js'
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
import { queueResolvers, queueRoutes } from './queue/queue-faces.js'
import { createQueueService } from './queue/queue-service.js'
import { quotaResolvers, quotaRoutes } from './queue/quota-faces.js'
import { createQuotaService } from './queue/quota-service.js'
import { standingResolvers, standingRoutes } from './queue/standing-faces.js'
import { createStandingService } from './queue/standing-service.js'
import { createModelAsker } from './runs/ask-model.js'
import { eventStreamRoute } from './runs/event-stream.js'
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
}

/** Training runs: launched, watched, cancelled, deleted, and their models used; and the datasets and models that users send. */
export const training = fp<Options>(
  async (app: FastifyInstance, { catalog }) => {
    const dispatcher = createDispatcher(app.deps)
    const asker = createModelAsker(app.deps)
    const service = createRunService(app.deps, catalog, dispatcher)
    const predictions = createPredictionService(app.deps, asker)
    const exports = createExportService(app.deps)
    app.decorate('training', service)
    app.schemaParts.add({
      sdl: new URL('./runs/runs.graphql', import.meta.url),
      resolvers: trainingResolvers(service, exports, predictions),
    })
    await restScope(app, trainingRoutes(service))
    await restScope(app, eventStreamRoute(app, service))
    await restScope(app, predictionRoutes(predictions))
    await restScope(app, exportRoutes(exports))

    const queue = createQueueService(app.deps)
    app.schemaParts.add({
      sdl: new URL('./queue/queue.graphql', import.meta.url),
      resolvers: queueResolvers(queue),
    })
    await restScope(app, queueRoutes(queue))

    const standings = createStandingService(app.deps)
    app.schemaParts.add({
      sdl: new URL('./queue/standing.graphql', import.meta.url),
      resolvers: standingResolvers(standings),
    })
    await restScope(app, standingRoutes(app, standings))

    const quotas = createQuotaService(app.deps)
    app.schemaParts.add({
      sdl: new URL('./queue/quotas.graphql', import.meta.url),
      resolvers: quotaResolvers(quotas),
    })
    await restScope(app, quotaRoutes(quotas))

    const insight = createInsightService(app.deps)
    app.schemaParts.add({
      sdl: new URL('./insight/insight.graphql', import.meta.url),
      resolvers: insightResolvers(insight, service),
    })
    await restScope(app, insightRoutes(insight, service))

    const modelInsight = createModelInsightService(app.deps)
    const drawings = createModelDrawingService(app.deps, asker, modelInsight)
    app.schemaParts.add({
      sdl: new URL('./model-insight/model-insight.graphql', import.meta.url),
      resolvers: modelInsightResolvers(modelInsight, drawings),
    })
    await restScope(app, modelInsightRoutes(modelInsight))
    await restScope(app, modelDrawingRoutes(drawings))

    app.schemaParts.add({
      sdl: new URL('./workers/workers.graphql', import.meta.url),
      resolvers: workerResolvers(queue.listWorkers),
    })
    await restScope(app, workerRoutes(queue.listWorkers))

    const datasets = createDatasetService(app.deps)
    app.schemaParts.add({
      sdl: new URL('./datasets/datasets.graphql', import.meta.url),
      resolvers: datasetResolvers(datasets),
    })
    await restScope(app, datasetRoutes(datasets))

    const models = createModelService(app.deps)
    app.schemaParts.add({
      sdl: new URL('./models/models.graphql', import.meta.url),
      resolvers: modelResolvers(models),
    })
    await restScope(app, modelRoutes(models))

    const stops: (() => Promise<void>)[] = []
    app.addHook('onReady', async () => {
      stops.push(startReconciler(app.deps, dispatcher), startStorageSweep(app.deps))
    })
    app.addHook('onClose', async () => {
      standings.close()
      await Promise.all(stops.map(stop => stop()))
      await dispatcher.close()
    })
  },
  { name: 'training', dependencies: ['http', 'schema-parts', 'identity'] },
)
