import type { Config } from '../config.js'
import { type Database, openDatabase } from './database.js'
import type { Logger } from './logger.js'
import { listenForNotifications, type Notifications } from './notifications.js'
import { type Courier, openCourier } from './queue.js'
import { openFolderStorage, type Storage } from './storage.js'

/** What a process is built from. Tests build the same app from the same parts. */
export interface Dependencies {
  readonly config: Config
  readonly database: Database
  readonly notifications: Notifications
  readonly courier: Courier
  readonly storage: Storage
  readonly logger: Logger
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly deps: Dependencies
  }
}

/**
 * Opens everything that a process of Lyceum needs.
 *
 * @param connections the size of the database pool
 * @throws Error where the database or the queue does not answer
 */
export async function openDependencies(
  config: Config,
  databaseUrl: string,
  logger: Logger,
  { connections = 10 } = {},
): Promise<{ deps: Dependencies; close(): Promise<void> }> {
  const notifications = await listenForNotifications(databaseUrl, logger)
  const database = openDatabase(databaseUrl, { connections })
  const courier = openCourier({ databaseUrl, redisUrl: config.redisUrl }, logger)
  const close = async () => {
    await courier.close()
    await notifications.close()
    await database.$disconnect()
  }
  try {
    await courier.ping()
  } catch (error) {
    await close()
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `The queue does not answer (${config.redisUrl === undefined ? 'PostgreSQL' : 'Redis'}): ${reason}`,
    )
  }
  const storage = openFolderStorage(config.storageDirectory)
  return { deps: { config, database, notifications, courier, storage, logger }, close }
}
