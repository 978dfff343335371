import type { Dependencies } from '../../platform/dependencies.js'
import type { JobQueue } from '../../platform/queue.js'
import { filesOfDataset } from '../datasets/dataset-files.js'
import * as datasetLedger from '../datasets/dataset-ledger.js'
import type { Dispatcher } from '../queue/dispatcher.js'
import { recoverLostRuns } from './run-ledger.js'

const intervalMs = 2_000

type Parts = Pick<Dependencies, 'database' | 'courier' | 'storage' | 'logger'>

/**
 * Keeps the queues true to the rows of runs and datasets, at once and every 2 s: enqueues what waits and has no
 * job, and gives back what a lost worker held. Any number of processes may do so at the same time.
 *
 * @returns the function that ends it, when the round in progress is over
 */
export function startReconciler(parts: Parts, dispatcher: Dispatcher): () => Promise<void> {
  const { database, courier, logger } = parts
  const datasets = courier.queue<datasetLedger.DatasetAttempt>(datasetLedger.datasetQueue)
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
      await reconcileRuns()
      await reconcileDatasets()
    } catch (error) {
      logger.warn({ err: error }, 'The queue could not be reconciled; it is tried again')
    }
    if (stopped) return
    timer = setTimeout(() => {
      round = reconcile()
    }, intervalMs)
  }

  async function reconcileRuns() {
    const recovered = await recoverLostRuns(database)
    if (recovered > 0) logger.warn({ recovered }, 'Runs of lost workers were recovered')
    await dispatcher.reconcile()
  }

  async function reconcileDatasets() {
    const recovered = await recoverLostDatasets(parts)
    if (recovered > 0) logger.warn({ recovered }, 'Datasets of lost workers were recovered')
    for (const key of await datasetLedger.enqueueableDatasets(database)) {
      if (stopped) return
      await enqueue(datasets, `${key.datasetId}-${key.attempt}`, key)
    }
  }
}

async function recoverLostDatasets({ database, storage }: Parts): Promise<number> {
  for (const id of await datasetLedger.dropBrokenUploads(database)) {
    await storage.deleteAll(filesOfDataset(id))
  }
  const lost = await datasetLedger.findLostDatasets(database)
  for (const key of lost) {
    const state = await datasetLedger.failDataset(database, key, 'its worker was lost.')
    if (state === 'REFUSED') await storage.deleteAll(filesOfDataset(key.datasetId))
  }
  return lost.length
}

async function enqueue<Key>(queue: JobQueue<Key>, id: string, key: Key): Promise<void> {
  if (await queue.holds(id)) return
  // The queue would ignore an id that it remembers as finished: a worker may have died between job and claim.
  await queue.remove(id)
  await queue.add(id, key)
}
