import type { Database } from '../../src/platform/database.js'
import {
  type AttemptKey,
  appendEvents,
  claimAttempt,
  finishRun,
  heartbeat,
} from '../../src/training/runs/run-ledger.js'
import { EventBuffer } from '../../workers/supervisor/event-buffer.js'

const heartbeatMs = 2_000
/** Events that a run has before the first step: starting, started. */
export const eventsBefore = 2

export interface ReportedRun {
  readonly id: string
  /** Tells of a step as the supervisor of a training child does, the time of the report as its loss. */
  report(step: number): void
  end(): Promise<void>
}

/** A run that is claimed and started, as a worker has it. Its child is not there: what is measured is the way of its events. */
export async function startReportedRun(database: Database, ownerId: string): Promise<ReportedRun> {
  const spec = { architecture: 'simple-cnn', dataset: 'mnist' }
  const { id } = await database.trainingRun.create({ data: { ownerId, name: 'Reported', spec } })
  const key: AttemptKey = { runId: id, attempt: 1 }
  if (!(await claimAttempt(database, { ...key, workerId: 'bench' }))) throw new Error('The run was taken.')
  await appendEvents(database, key, [started])
  const fail = (error: unknown) => {
    throw error
  }
  const events = new EventBuffer(
    batch => appendEvents(database, key, batch),
    () => fail(new Error('The run was given to another.')),
    fail,
  )
  const heart = setInterval(() => heartbeat(database, key).catch(fail), heartbeatMs)
  return {
    id,
    report: step =>
      events.add({ type: 'step', epoch: 1, step, loss: Date.now(), accuracy: 0.5, imagesPerSecond: 1_000 }),
    async end() {
      clearInterval(heart)
      await events.close()
      await finishRun(database, key, { status: 'CANCELLED' })
    },
  }
}

const started = {
  type: 'started' as const,
  engine: 'none',
  device: 'none',
  engineVersion: '0',
  architecture: 'simple-cnn',
  dataset: 'mnist',
  datasetChecksum: '0',
  parameters: 1,
  trainingImages: 1,
  validationImages: 0,
  testImages: 1,
  stepsPerEpoch: 1,
  epochs: 1,
}
