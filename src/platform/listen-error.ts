import type { Config } from '../config.js'

/**
 * Why an address can't be listened at, in one line that says what to do.
 * @param settings the names of those that say where
 */
export function describeListenError(
  error: unknown,
  { host, port }: Pick<Config, 'host' | 'port'>,
  settings = { host: 'HOST', port: 'PORT' },
): Error {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return new Error(
        `Port ${port} is in use: stop what uses it, or choose another, such as ${settings.port}=${port + 1}.`,
        { cause: error },
      )
    case 'EACCES':
      return new Error(`Port ${port} is not for this user: choose one above 1023 in ${settings.port}.`, {
        cause: error,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Error(`${settings.host} names '${host}', which is no address of this machine.`, {
        cause: error,
      })
    default:
      return error instanceof Error ? error : new Error(String(error))
  }
}
