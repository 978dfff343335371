import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { readConfig } from '../src/config.js'
import { type Dependencies, openDependencies } from '../src/platform/dependencies.js'
import { describeFailure } from '../src/platform/describe-failure.js'
import { createLogger } from '../src/platform/logger.js'
import { onStop } from '../src/platform/stop.js'
import { type PredictionAnswer, predictionQueue, predictionRequest } from '../src/training/predictions.js'
import { askForEngines } from './engine-probe.js'
import { PredictionPool } from './prediction-pool.js'
import { openScratch } from './scratch.js'
import { superviseRun } from './supervisor.js'
import { registerWorker } from './worker-node.js'

const trainingJob = z.strictObject({ runId: z.uuid(), attempt: z.int().min(1) })
const predictionsAtOnce = 4

/** Another program may stand in for the trainer: `worker.js <file>`. */
const trainerFile = process.argv[2] ?? fileURLToPath(new URL('trainer/main.js', import.meta.url))

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
  const { deps, close } = await openDependencies(config, config.databaseUrl, logger, {
    connections: 4 + config.workerConcurrency,
  })
  await work(deps, close)
}

async function work(
  { config, database, courier, storage, notifications, logger }: Dependencies,
  close: () => Promise<void>,
) {
  const workerId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  const scratch = await openScratch()
  const pool = new PredictionPool({ storage, trainerFile, scratchDirectory: scratch.directory })
  const supervision = {
    ...{ database, notifications, storage, logger, workerId, trainerFile },
    datasetsDirectory: join(config.home, 'datasets'),
    scratchDirectory: scratch.directory,
    engine: config.engine,
  }
  const unregister = await registerWorker(database, logger, workerId, askForEngines(trainerFile))

  const runs = courier.worker(
    'training',
    async ({ data }) => {
      const run = superviseRun(supervision, trainingJob.parse(data), stopping.signal)
      running.add(run)
      await run.finally(() => running.delete(run))
    },
    // A job is taken once: a run whose worker was lost comes back as another attempt, by its row.
    { concurrency: config.workerConcurrency, maxStalledCount: 0 },
  )
  const predictions = courier.worker(
    predictionQueue,
    async ({ data }): Promise<PredictionAnswer> => {
      const { runId, image } = predictionRequest.parse(data)
      const run = await database.trainingRun.findUnique({ where: { id: runId }, select: { modelKey: true } })
      if (!run?.modelKey) throw new Error('The run has no model.')
      return pool.recognise(run.modelKey, image)
    },
    { concurrency: predictionsAtOnce, maxStalledCount: 0 },
  )

  onStop(async () => {
    stopping.abort()
    await Promise.allSettled(running)
    await pool.close()
    await unregister()
    await close()
    await scratch.close()
  })
  await Promise.all([runs.ready(), predictions.ready()])
  logger.info({ workerId }, 'The worker is ready')
  process.send?.({ kind: 'ready' })
}
