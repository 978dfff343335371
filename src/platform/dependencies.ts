import type { Config } from '../config.js'
import { describeReason } from './connect.js'
import { type Database, openDatabase } from './database.js'
import type { Logger } from './logger.js'
import { pendingMigrations } from './migrate.js'
import { listenForNotifications, type Notifications } from './notifications.js'
import { migrationsDirectory } from './package-root.js'
import { type Courier, openCourier } from './queue.js'
import { openStorage } from './storage/open-storage.js'
import type { Storage } from './storage/storage.js'

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
 * @throws Error with one line that says what to do, where database, queue or storage do not answer
 */
export async function openDependencies(
  config: Config,
  databaseUrl: string,
  logger: Logger,
  { connections = 10 } = {},
): Promise<{ deps: Dependencies; close(): Promise<void> }> {
  const pending = await pendingMigrations(databaseUrl, migrationsDirectory)
  if (pending.length > 0) {
    throw new Error(`The database lacks ${pending.length} migration(s): run 'lyceum migrate' first.`)
  }
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
    const reason = describeReason(error)
    if (config.redisUrl === undefined) throw new Error(`The queue in PostgreSQL does not answer: ${reason}`)
    const { host } = new URL(config.redisUrl)
    throw new Error(`Redis at ${host} does not answer (${reason}): see that it runs, or correct REDIS_URL.`)
  }
  const storage = await openStorage(config).catch(async error => {
    await close()
    throw error
  })
  return { deps: { config, database, notifications, courier, storage, logger }, close }
}
