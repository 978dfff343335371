import type { Network } from '../../src/networks/network.js'
import { estimateMemory, type TrainingSpec } from '../../src/training/contract.js'
import type { Workload } from '../engines/engine.js'

/**
 * Multiply-adds of a run's forward passes below which threads would take longer to start than they save: a second or
 * two of training in one.
 */
const LEAST_MULTIPLY_ADDS = 5e9

/** What an engine has to know of a run. It is the same when the run goes on elsewhere. */
export function describeWorkload(
  network: Network,
  spec: Pick<TrainingSpec, 'epochs' | 'batchSize' | 'optimizer'>,
  imagesPerEpoch: number,
): Workload {
  return {
    network,
    batchSize: spec.batchSize,
    memory: estimateMemory(network, spec),
    isLong: network.multiplyAdds * imagesPerEpoch * spec.epochs >= LEAST_MULTIPLY_ADDS,
  }
}
