import { join } from 'node:path'
import type { Config } from '../config.js'
import { startEmbeddedPostgres } from '../platform/embedded-postgres.js'

/** Runs an action on the database that is named, or on the embedded one, started for as long as it lasts. */
export async function withDatabaseUrl<T>(config: Config, action: (url: string) => Promise<T>): Promise<T> {
  if (config.databaseUrl !== undefined) return action(config.databaseUrl)
  const server = await startEmbeddedPostgres({ directory: join(config.home, 'postgres') })
  try {
    return await action(server.url('lyceum'))
  } finally {
    await server.stop()
  }
}
