import type { Dependencies } from '../../src/platform/dependencies.js'
import type { RunEngines } from '../run-engines.js'
import type { WorkerMetrics } from '../worker-metrics.js'

/** What the supervision of every run of a worker shares. */
export interface Supervision
  extends Pick<Dependencies, 'config' | 'database' | 'notifications' | 'storage' | 'logger'> {
  readonly workerId: string
  /** The program of the child process. */
  readonly trainerFile: string
  readonly datasetsDirectory: string
  /** The most seconds of training between two checkpoints. */
  readonly checkpointSeconds: number
  /** Where the run's own temporary folder is made. */
  readonly scratchDirectory: string
  readonly engines: Pick<RunEngines, 'assign'>
  readonly metrics: Pick<WorkerMetrics, 'openRun'>
}
