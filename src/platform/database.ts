import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from '../generated/prisma/client.js'

export { Prisma }
export type Database = PrismaClient
/** What a function takes that may run inside a transaction. */
export type Transaction = Prisma.TransactionClient

/**
 * Opens the database.
 *
 * @param connections the size of the pool
 */
export function openDatabase(url: string, { connections = 10 } = {}): Database {
  const adapter = new PrismaPg(
    {
      ...{ connectionString: url, max: connections, connectionTimeoutMillis: 10_000 },
      // A process that freezes inside a transaction, or whose machine is gone, must not keep its locks.
      ...{ idle_in_transaction_session_timeout: 10_000, keepAlive: true },
    },
    // Prepared statements, named by their text: a quarter to a half more queries a second.
    { statementNameGenerator: query => `lyceum_${createHash('sha1').update(query.sql).digest('base64url')}` },
  )
  return new PrismaClient({
    adapter,
    // Prisma gives up after 2 s without a free connection: a burst of launches on a busy machine takes longer.
    transactionOptions: { maxWait: 10_000, timeout: 15_000 },
  })
}

/** The name of the unique constraint that a write broke, or undefined where the error is another one. */
export function brokenUniqueConstraint(error: unknown): readonly string[] | undefined {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') return undefined
  const meta: { driverAdapterError?: { cause?: { constraint?: { fields?: string[]; index?: string } } } } =
    error.meta ?? {}
  const constraint = meta.driverAdapterError?.cause?.constraint
  return constraint?.fields ?? (constraint?.index === undefined ? [] : [constraint.index])
}
