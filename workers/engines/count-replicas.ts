import { countWasmParts } from '../../src/networks/training-memory.js'
import type { Workload } from './engine.js'

/** Smaller parts are not worth a thread's while. */
const LEAST_IMAGES = 8
/** Above, the threads' copies of weights and gradients are more than a machine may have: 0.5 GB for each. */
const MOST_PARAMETERS = 64e6

/**
 * In how many threads, each with a heap of its own, the wasm engine trains a batch: in as many as there are, and more
 * where a part would not fit into its heap otherwise.
 */
export function countReplicas({ network, batchSize, memory, isLong }: Workload, threads: number): number {
  const useful = isLong && network.parameters <= MOST_PARAMETERS ? Math.floor(batchSize / LEAST_IMAGES) : 1
  return Math.max(1, countWasmParts(memory), Math.min(threads, useful))
}
