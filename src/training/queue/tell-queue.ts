import type { Database, Transaction } from '../../platform/database.js'

/** Says to all processes that the queues, or who takes from them, have changed: they look again. */
export function tellQueue(database: Database | Transaction) {
  return database.$executeRaw`SELECT pg_notify('queue_changed', '')`
}
