import { buildApp } from './app.js'
import type { Config } from './config.js'
import { openDependencies } from './platform/dependencies.js'
import { createLogger } from './platform/logger.js'
import { onStop } from './platform/stop.js'

/**
 * Runs the API until it is told to stop.
 *
 * @throws Error with one line that says what to do, where it cannot start
 */
export async function runServer(config: Config, databaseUrl: string): Promise<void> {
  const logger = createLogger(config.logLevel, { pretty: config.logPretty })
  const { deps, close } = await openDependencies(config, databaseUrl, logger)
  const app = await buildApp(deps)
  await app.listen({ host: config.host, port: config.port }).catch(error => {
    throw describeListenError(error, config)
  })
  onStop(async () => {
    await app.close()
    await close()
  })
  const address = app.server.address()
  const port = address !== null && typeof address === 'object' ? address.port : config.port
  process.send?.({ kind: 'ready', port })
}

/** Why an address can't be listened at, in one line that says what to do. */
export function describeListenError(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): Error {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return new Error(
        `Port ${port} is in use: stop what uses it, or choose another, such as PORT=${port + 1}.`,
        { cause: error },
      )
    case 'EACCES':
      return new Error(`Port ${port} is not for this user: choose one above 1023 in PORT.`, { cause: error })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Error(`HOST names '${host}', which is no address of this machine.`, { cause: error })
    default:
      return error instanceof Error ? error : new Error(String(error))
  }
}
