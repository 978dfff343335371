import { simpleCnn } from '../../src/networks/architectures/simple-cnn.js'
import { estimateMemory, optimizerSpec } from '../../src/training/contract.js'
import type { Engine, Workload } from '../engines/engine.js'
import { openRepeatedStep } from './repeated-step.js'

const BATCH = 128
const warmUpSteps = 2
const mostSteps = 20
const limitMs = 700

const network = simpleCnn.build()

export const measuredWorkload: Workload = {
  network,
  batchSize: BATCH,
  memory: estimateMemory(network, { batchSize: BATCH, optimizer: optimizerSpec.parse({ name: 'adam' }) }),
  isLong: true,
}

/**
 * Images a second of a few training steps of `simple-cnn`. Enough to tell one engine from another; for figures
 * to publish there is the benchmark.
 */
export async function measureTraining(engine: Engine): Promise<number> {
  const step = openRepeatedStep(engine, network, BATCH)
  for (let i = 0; i < warmUpSteps; i++) await (await step.take())()
  const begin = performance.now()
  let steps = 0
  while (steps < mostSteps && performance.now() - begin < limitMs) {
    await (await step.take())()
    steps++
  }
  const imagesPerSecond = (steps * BATCH * 1000) / (performance.now() - begin)
  await step.close()
  return Math.round(imagesPerSecond)
}
