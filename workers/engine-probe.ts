import type { EngineReport } from '../src/training/contract.js'
import { startTrainer } from './trainer-process.js'

const probeTimeoutMs = 60_000

/**
 * Which engines work on this machine, found by a child process: a native library that ends its process must not
 * end the worker. Empty where the child did not say.
 */
export async function askForEngines(trainerFile: string): Promise<EngineReport[]> {
  let engines: EngineReport[] = []
  const trainer = startTrainer(trainerFile, report => {
    if (report?.kind === 'engines') engines = report.engines
  })
  const timer = setTimeout(() => trainer.kill(), probeTimeoutMs)
  trainer.send({ kind: 'probe' })
  await trainer.gone
  clearTimeout(timer)
  return engines
}
