import { setTimeout as sleep } from 'node:timers/promises'
import type { Dependencies } from '../src/platform/dependencies.js'
import { oneAtATime } from '../src/platform/one-at-a-time.js'
import type { Delivery, JobWorker } from '../src/platform/queue.js'
import { type MachineClass, trainingQueues } from '../src/training/contract.js'
import { readOrders } from '../src/training/queue/worker-ledger.js'

interface Settings {
  readonly workerId: string
  /** The queues to take runs from. */
  readonly classes: readonly MachineClass[]
  /** Runs at once. */
  readonly slots: number
  run(job: Delivery<unknown>): Promise<void>
}

const lookAgainMs = 2_000

/**
 * Takes runs from the queues of this worker's classes, never more than it has slots for: from that of the GPU first,
 * from the others' while nothing waits there, from none while it is drained or the queues are paused.
 */
export function consumeRuns(
  {
    database,
    courier,
    notifications,
    logger,
  }: Pick<Dependencies, 'database' | 'courier' | 'notifications' | 'logger'>,
  { workerId, classes, slots, run }: Settings,
) {
  let running = 0
  /** What was last heard; nothing is taken before the first answer. */
  let orders = { draining: true, paused: true, gpuWaits: false }
  let closed = false
  const look = oneAtATime(ask)
  const consumers = new Map<MachineClass, JobWorker>()
  for (const machineClass of classes) {
    const consumer = courier.worker(trainingQueues[machineClass], job => take(machineClass, job), {
      concurrency: slots,
      // A job is taken once: a run whose worker was lost comes back as another attempt, by its row.
      maxStalledCount: 0,
    })
    consumer.pause()
    consumers.set(machineClass, consumer)
  }
  const takeDown = [
    notifications.on('queue_changed', () => void look()),
    notifications.onReconnected(() => void look()),
  ]
  // A notification may be lost with its connection.
  const timer = setInterval(() => void look(), lookAgainMs)
  void look()

  return {
    async ready() {
      await Promise.all([...consumers.values()].map(consumer => consumer.ready()))
    },
    close() {
      closed = true
      clearInterval(timer)
      for (const end of takeDown) end()
      for (const consumer of consumers.values()) consumer.pause()
    },
  }

  function isOpen(machineClass: MachineClass): boolean {
    if (closed || orders.draining || orders.paused || running >= slots) return false
    return machineClass === 'GPU' || !(orders.gpuWaits && consumers.has('GPU'))
  }

  function apply() {
    for (const [machineClass, consumer] of consumers) {
      if (isOpen(machineClass)) consumer.resume()
      else consumer.pause()
    }
  }

  async function ask() {
    if (closed) return
    try {
      // What comes in one burst is one question.
      await sleep(10)
      orders = await readOrders(database, workerId)
    } catch (err) {
      logger.warn({ err }, 'The worker could not ask what to take')
    }
    if (!closed) apply()
  }

  /** A job that came in while the door was closing is left unclaimed: its run is enqueued again. */
  async function take(machineClass: MachineClass, job: Delivery<unknown>) {
    if (!isOpen(machineClass)) return
    running++
    apply()
    try {
      await run(job)
    } finally {
      running--
      await look()
    }
  }
}
