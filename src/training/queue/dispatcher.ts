import type { Dependencies } from '../../platform/dependencies.js'
import { oneAtATime } from '../../platform/one-at-a-time.js'
import type { AttemptKey } from '../runs/run-moves.js'
import { trainingQueues } from './queue-names.js'
import { type QueuedJob, releaseRuns } from './release-runs.js'

export type Dispatcher = ReturnType<typeof createDispatcher>

/**
 * Keeps the queues true to the rows: releases what the quotas let go, and gives the queues the jobs that they lack.
 * Any number of processes may do so at the same time.
 */
export function createDispatcher({
  database,
  courier,
  notifications,
  config,
  logger,
}: Pick<Dependencies, 'database' | 'courier' | 'notifications' | 'config' | 'logger'>) {
  const queues = {
    CPU: courier.queue<AttemptKey>(trainingQueues.CPU),
    GPU: courier.queue<AttemptKey>(trainingQueues.GPU),
  }
  /** What this process knows to be in the queues, so that a change asks them about nothing else. */
  let known = new Set<string>()
  let closed = false
  /** After a change. Failures are logged, never thrown: the reconciler tries again. */
  const dispatch = oneAtATime(round)
  const takeDown = [
    notifications.on('queue_changed', () => void dispatch()),
    notifications.onReconnected(() => void dispatch()),
  ]

  return {
    dispatch,
    reconcile,
    async close() {
      closed = true
      for (const end of takeDown) end()
      await dispatch()
    },
  }

  /** As `dispatch`, and asks the queues whether they have kept every job. */
  function reconcile(): Promise<void> {
    known = new Set()
    return dispatch()
  }

  async function round() {
    if (closed) return
    try {
      const jobs = await releaseRuns(database, config.runQuotas)
      const due = jobs.filter(job => !known.has(idOf(job)) || job.moved)
      const ids = new Set(jobs.map(idOf))
      known = new Set([...known].filter(id => ids.has(id)))
      for (const job of due) {
        if (closed) return
        await enqueue(job)
        known.add(idOf(job))
      }
    } catch (error) {
      logger.warn({ err: error }, 'Runs could not be enqueued; it is tried again')
    }
  }

  async function enqueue(job: QueuedJob) {
    const { runId, attempt, machineClass, priority, moved } = job
    const queue = queues[machineClass]
    const id = idOf(job)
    if (!moved && (await queue.holds(id))) return
    // The queue would ignore an id that it knows: of a job that moved, or that a worker took and did not claim.
    await queue.remove(id)
    await queue.add(id, { runId, attempt }, { priority })
  }
}

function idOf({ runId, attempt }: AttemptKey): string {
  return `${runId}-${attempt}`
}
