import type { Actor } from '../../identity/contract.js'
import { requireScope } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { notFound } from '../../platform/errors.js'
import { listLiveWorkers, type WorkerView } from '../workers/worker-list.js'
import { drainWorker, pauseQueues, type QueueView, readQueues, resumeQueues } from './queue-control.js'

export type QueueService = ReturnType<typeof createQueueService>

/** What admins do with the queues and the workers. Everything throws UNAUTHENTICATED or SCOPE_REQUIRED to others. */
export function createQueueService({ database }: Pick<Dependencies, 'database'>) {
  return {
    listQueues(actor: Actor): Promise<QueueView[]> {
      requireScope(actor, 'admin')
      return readQueues(database)
    },

    async pause(actor: Actor): Promise<QueueView[]> {
      requireScope(actor, 'admin')
      await pauseQueues(database)
      return readQueues(database)
    },

    async resume(actor: Actor): Promise<QueueView[]> {
      requireScope(actor, 'admin')
      await resumeQueues(database)
      return readQueues(database)
    },

    listWorkers(actor: Actor): Promise<WorkerView[]> {
      requireScope(actor, 'admin')
      return listLiveWorkers(database)
    },

    /** @throws NOT_FOUND where no such worker lives */
    async drain(actor: Actor, id: string, drain: boolean): Promise<WorkerView> {
      requireScope(actor, 'admin')
      await drainWorker(database, id, drain)
      const worker = (await listLiveWorkers(database)).find(worker => worker.id === id)
      if (worker === undefined) throw notFound('worker')
      return worker
    },
  }
}
