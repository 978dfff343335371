import { hostname } from 'node:os'
import { connect } from '../platform/connect.js'

/**
 * What a container's health check asks: whether a worker of this machine has said in the last 10 s that it lives,
 * by the database's clock.
 *
 * @throws Error where none has
 */
export async function checkWorkerHealth(databaseUrl: string): Promise<void> {
  const client = await connect(databaseUrl)
  try {
    const { rowCount } = await client.query(
      `SELECT 1 FROM worker_nodes WHERE hostname = $1 AND is_alive("heartbeatAt")`,
      [hostname()],
    )
    if (rowCount === 0) throw new Error(`No worker of ${hostname()} has said in the last 10 s that it lives.`)
  } finally {
    await client.end()
  }
}
