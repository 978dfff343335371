import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { readConfig } from '../src/config.js'
import { type Dependencies, openDependencies } from '../src/platform/dependencies.js'
import { describeFailure } from '../src/platform/describe-failure.js'
import { createLogger, type Logger } from '../src/platform/logger.js'
import { listenForScrapes } from '../src/platform/scrapes.js'
import { clearScratch, openScratch } from '../src/platform/scratch.js'
import { onStop } from '../src/platform/stop.js'
import { startTracing } from '../src/platform/tracing/start-tracing.js'
import { exportQueue, exportRequest, type MachineClass } from '../src/training/contract.js'
import { datasetQueue } from '../src/training/datasets/dataset-ledger.js'
import { type ModelAnswer, modelRequest, predictionQueue } from '../src/training/runs/predictions.js'
import { superviseDecoding } from './decoding.js'
import { exportModel } from './model-exporter.js'
import { PredictionPool } from './prediction-pool.js'
import { chooseForWorker, type EngineReport } from './probe/choose-for-worker.js'
import { consumeRuns } from './run-consumers.js'
import { RunEngines } from './run-engines.js'
import { superviseRun } from './supervisor/supervisor.js'
import { WorkerMetrics } from './worker-metrics.js'
import { registerWorker } from './worker-node.js'

const trainingJob = z.strictObject({ runId: z.uuid(), attempt: z.int().min(1) })
const datasetJob = z.strictObject({ datasetId: z.uuid(), attempt: z.int().min(1) })
const predictionsAtOnce = 4

/** Another program may stand in for the trainer: `worker.js <file>`. */
const trainerFile = process.argv[2] ?? fileURLToPath(new URL('trainer/main.js', import.meta.url))
const decoderFile = fileURLToPath(new URL('datasets/upload/main.js', import.meta.url))

try {
  await start()
} catch (error) {
  console.error(`lyceum worker: ${describeFailure(error)}`)
  process.exit(1)
}

/** A worker process: takes runs and predictions from the queue until it is stopped. */
async function start() {
  const config = readConfig()
  const logger = createLogger(config.logLevel, { pretty: config.logPretty, name: 'lyceum-worker' })
  if (config.databaseUrl === undefined)
    throw new Error("Name a database in DATABASE_URL; 'lyceum up' sets it.")
  const endTracing =
    config.tracing && (await startTracing({ ...config.tracing, service: 'lyceum-worker' }, logger))
  const { deps, close } = await openDependencies(config, config.databaseUrl, logger, {
    connections: 4 + config.workerConcurrency,
  })
  await work(deps, async () => {
    await close()
    await endTracing?.()
  })
}

async function work(deps: Dependencies, close: () => Promise<void>) {
  const { config, database, courier, storage, notifications, logger } = deps
  const workerId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  await clearScratch()
  const scratch = await openScratch()
  const pool = new PredictionPool({ storage, trainerFile, scratchDirectory: scratch.directory })
  const metrics = new WorkerMetrics({ measureProcess: config.workerMetricsPort !== undefined })
  const scrapes =
    config.workerMetricsPort === undefined
      ? undefined
      : await listenForScrapes(
          metrics.registry,
          {
            ...{ host: config.metricsHost, port: config.workerMetricsPort },
            setting: 'LYCEUM_WORKER_METRICS_PORT',
          },
          logger,
        )
  const supervision = {
    ...{ metrics, config, database, notifications, storage, logger, workerId, trainerFile },
    datasetsDirectory: join(config.home, 'datasets'),
    checkpointSeconds: config.checkpointSeconds,
    scratchDirectory: scratch.directory,
  }
  const keepRunning = (job: Promise<void>) => {
    running.add(job)
    return job.finally(() => running.delete(job))
  }
  const node = await registerWorker(database, logger, workerId, config.workerConcurrency)
  // Runs wait for it, the worker's readiness does not.
  const engines = chooseForWorker(config.engine, config, stopping.signal)
  const taking = engines.then(async report => {
    if (stopping.signal.aborted) return undefined
    const classes = classesOf(report)
    logEngines(report, logger)
    await node.reportEngines(report, classes)
    const parts = { ...supervision, engines: new RunEngines(report, config) }
    return consumeRuns(deps, {
      ...{ workerId, classes, slots: config.workerConcurrency },
      run: ({ data }) => keepRunning(superviseRun(parts, trainingJob.parse(data), stopping.signal)),
    })
  })

  const decoding = {
    ...{ database, storage, logger, decoderFile },
    quota: config.datasetQuota,
    scratchDirectory: scratch.directory,
  }
  const datasets = courier.worker(
    datasetQueue,
    ({ data }) => keepRunning(superviseDecoding(decoding, datasetJob.parse(data), stopping.signal)),
    // As with runs.
    { concurrency: 1, maxStalledCount: 0 },
  )
  const predictions = courier.worker(
    predictionQueue,
    async ({ data }): Promise<ModelAnswer> => {
      const { runId, question } = modelRequest.parse(data)
      const run = await database.trainingRun.findUnique({ where: { id: runId }, select: { modelKey: true } })
      if (!run?.modelKey) throw new Error('The run has no model.')
      return pool.ask(run.modelKey, question)
    },
    { concurrency: predictionsAtOnce, maxStalledCount: 0 },
  )
  const exporting = { database, storage, scratchDirectory: scratch.directory }
  const exports = courier.worker(
    exportQueue,
    // One at a time: each may hold a large model in memory.
    ({ data }) => exportModel(exporting, exportRequest.parse(data), stopping.signal),
    { concurrency: 1, maxStalledCount: 0 },
  )

  onStop(async () => {
    stopping.abort()
    void taking.then(consumers => consumers?.close())
    await Promise.allSettled([taking, ...running])
    await pool.close()
    await scrapes?.close()
    await node.unregister()
    await close()
    await scratch.close()
  })
  await Promise.all([datasets.ready(), predictions.ready(), exports.ready()])
  logger.info({ workerId }, 'The worker is ready')
  process.send?.({ kind: 'ready' })
}

/**
 * A worker that is set up for a GPU by name takes the runs that ask for one also where it has none: they then fail with
 * the reason, as all its runs do.
 */
function classesOf({ asked, chosen }: EngineReport): MachineClass[] {
  return chosen?.gpu === true || asked === 'tensorflow-gpu' ? ['GPU', 'CPU'] : ['CPU']
}

function logEngines({ asked, chosen, refused }: EngineReport, logger: Logger) {
  if (chosen)
    logger.info({ engine: chosen, refused }, `Runs are trained on ${chosen.engine}: ${chosen.device}`)
  else logger.error({ asked, refused }, 'The engine that this worker is set up for does not work')
  for (const warning of chosen?.warnings ?? []) logger.warn(warning)
}
