import type { EngineChoice } from '../../src/training/contract.js'
import { engineNames } from '../engines/engine.js'
import type { EngineSettings } from '../engines/engine-environment.js'
import { probeEngine, type RefusedEngine, type WorkingEngine } from './probe-engine.js'

/** What a worker computes on, and what it does not and why. */
export interface EngineReport {
  /** As the worker is set up. */
  asked: EngineChoice
  /** The fastest that works, or the one asked for; none where that does not work. */
  chosen: WorkingEngine | undefined
  /** What was tried before. */
  refused: RefusedEngine[]
}

/** Tries the engines in turn until one works; one that is asked for by name alone. */
export async function chooseForWorker(
  asked: EngineChoice,
  settings: EngineSettings,
  signal?: AbortSignal,
): Promise<EngineReport> {
  const refused: RefusedEngine[] = []
  for (const engine of asked === 'auto' ? engineNames : [asked]) {
    const probe = await probeEngine(engine, settings, { signal })
    if ('device' in probe) return { asked, chosen: probe, refused }
    refused.push(probe)
  }
  return { asked, chosen: undefined, refused }
}
