import type { Dependencies } from '../platform/dependencies.js'
import { enqueueableRuns, recoverLostRuns } from './run-ledger.js'
import type { AttemptKey } from './run-moves.js'

const intervalMs = 2_000

/**
 * Keeps the queue true to the runs' rows, at once and every 2 s: enqueues what waits and has no job, and gives
 * back the runs whose worker was lost. Any number of processes may do so at the same time.
 *
 * @returns the function that ends it, when the round in progress is over
 */
export function startReconciler({
  database,
  courier,
  logger,
}: Pick<Dependencies, 'database' | 'courier' | 'logger'>): () => Promise<void> {
  const queue = courier.queue<AttemptKey>('training')
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let round = reconcile()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await round
  }

  async function reconcile() {
    try {
      const recovered = await recoverLostRuns(database)
      if (recovered > 0) logger.warn({ recovered }, 'Runs of lost workers were recovered')
      for (const key of await enqueueableRuns(database)) {
        if (stopped) return
        await enqueue(key)
      }
    } catch (error) {
      logger.warn({ err: error }, 'The queue could not be reconciled; it is tried again')
    }
    if (stopped) return
    timer = setTimeout(() => {
      round = reconcile()
    }, intervalMs)
  }

  async function enqueue({ runId, attempt }: AttemptKey) {
    const id = `${runId}-${attempt}`
    if (await queue.holds(id)) return
    // The queue would ignore an id that it remembers as finished: a worker may have died between job and claim.
    await queue.remove(id)
    await queue.add(id, { runId, attempt })
  }
}
