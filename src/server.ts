import { buildApp } from './app.js'
import type { Config } from './config.js'
import { openDependencies } from './platform/dependencies.js'
import { describeListenError } from './platform/listen-error.js'
import { createLogger } from './platform/logger.js'
import { listenForScrapes } from './platform/scrapes.js'
import { clearScratch } from './platform/scratch.js'
import { onStop } from './platform/stop.js'
import { startTracing } from './platform/tracing/start-tracing.js'

/**
 * Runs the API until it is told to stop.
 *
 * @throws Error with one line that says what to do, where it cannot start
 */
export async function runServer(config: Config, databaseUrl: string): Promise<void> {
  const logger = createLogger(config.logLevel, { pretty: config.logPretty })
  const endTracing =
    config.tracing && (await startTracing({ ...config.tracing, service: 'lyceum-api' }, logger))
  await clearScratch()
  const { deps, close } = await openDependencies(config, databaseUrl, logger)
  const app = await buildApp(deps)
  await app.listen({ host: config.host, port: config.port }).catch(error => {
    throw describeListenError(error, config)
  })
  const scrapes =
    config.metricsPort === undefined
      ? undefined
      : await listenForScrapes(
          app.metrics,
          { host: config.metricsHost, port: config.metricsPort, setting: 'LYCEUM_METRICS_PORT' },
          logger,
        )
  onStop(async () => {
    await scrapes?.close()
    await app.close()
    await close()
    await endTracing?.()
  })
  const address = app.server.address()
  const port = address !== null && typeof address === 'object' ? address.port : config.port
  process.send?.({ kind: 'ready', port })
}
