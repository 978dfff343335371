import { totalmem } from 'node:os'
import { formatBytes } from '../../src/networks/summary.js'
import type { Engine, Workload } from '../engines/engine.js'
import { Failure } from './failure.js'

/** @throws Failure where the machine has less memory than a step of training takes for certain */
export function checkMemory({ gpu }: Pick<Engine, 'gpu'>, { memory }: Pick<Workload, 'memory'>): void {
  // A container may have less than its machine; where it is not limited, Node says 0 or a number beyond all sense.
  const available = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  if (gpu || memory.totalBytes <= available) return
  throw new Failure({
    code: 'OUT_OF_MEMORY',
    message:
      `A step of training takes about ${formatBytes(memory.totalBytes)}, and this worker has ` +
      `${formatBytes(available)}.`,
    hint: 'Use a smaller batch size, or a machine with more memory.',
    fault: 'machine',
  })
}
