import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Actor } from '../identity/contract.js'
import { restScope } from '../platform/http.js'
import { datasetResolvers, datasetRoutes } from './datasets/dataset-faces.js'
import { createDatasetService } from './datasets/dataset-service.js'
import { exportRoutes } from './models/export-routes.js'
import { createExportService } from './models/export-service.js'
import { modelResolvers, modelRoutes } from './models/model-faces.js'
import { createModelService } from './models/model-service.js'
import { eventStreamRoute } from './runs/event-stream.js'
import { predictionRoute } from './runs/prediction-route.js'
import { startReconciler } from './runs/reconciler.js'
import type { LabFinder } from './runs/run-launch.js'
import { trainingResolvers } from './runs/run-resolvers.js'
import { trainingRoutes } from './runs/run-routes.js'
import { createRunService, type RunService } from './runs/run-service.js'
import { startStorageSweep } from './storage-sweep.js'
import { workerResolvers, workerRoutes } from './workers/worker-faces.js'
import { listLiveWorkers } from './workers/worker-list.js'

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
    const service = createRunService(app.deps, catalog)
    const exports = createExportService(app.deps)
    app.decorate('training', service)
    app.schemaParts.add({
      sdl: new URL('./runs/runs.graphql', import.meta.url),
      resolvers: trainingResolvers(service, exports),
    })
    await restScope(app, trainingRoutes(service))
    await restScope(app, eventStreamRoute(app, service))
    await restScope(app, predictionRoute(service))
    await restScope(app, exportRoutes(exports))

    const listWorkers = (actor: Actor) => listLiveWorkers(app.deps.database, actor)
    app.schemaParts.add({
      sdl: new URL('./workers/workers.graphql', import.meta.url),
      resolvers: workerResolvers(listWorkers),
    })
    await restScope(app, workerRoutes(listWorkers))

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
      stops.push(startReconciler(app.deps), startStorageSweep(app.deps))
    })
    app.addHook('onClose', async () => {
      await Promise.all(stops.map(stop => stop()))
    })
  },
  { name: 'training', dependencies: ['http', 'schema-parts', 'identity'] },
)
