import type { Config } from '../config.js'
import type { Database } from './database.js'
import type { Logger } from './logger.js'
import type { Notifications } from './notifications.js'
import type { Courier } from './queue.js'
import type { Storage } from './storage.js'

/** What an API process is built from. Tests build the same app from the same parts. */
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
