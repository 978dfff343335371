import { createLogger } from '../../src/platform/logger.js'
import { openCourier } from '../../src/platform/queue.js'

/** A process that takes the jobs of one queue, says so, and never ends them: `fork` it, then kill it. */
const [name, databaseUrl, redisUrl] = process.argv.slice(2)
if (!name || !databaseUrl) throw new Error('Which queue?')
const courier = openCourier({ databaseUrl, redisUrl }, createLogger('silent'))
const stalledSoon = { lockDuration: 1_000, stalledInterval: 500, maxStalledCount: 1 }
courier.worker(
  name,
  ({ id }) => {
    process.send?.(id)
    return new Promise(() => {})
  },
  stalledSoon,
)
process.on('disconnect', () => process.exit())
