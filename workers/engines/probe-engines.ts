import type { EngineReport } from '../../src/training/contract.js'
import { engineNames, openEngine } from './choose-engine.js'

/** Opens every engine in turn and has it compute; what fails says why. */
export async function probeEngines(): Promise<EngineReport[]> {
  const reports: EngineReport[] = []
  for (const name of engineNames) {
    try {
      const { device, version } = await openEngine(name)
      reports.push({ name, works: true, device, version })
    } catch (error) {
      reports.push({ name, works: false, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return reports
}
