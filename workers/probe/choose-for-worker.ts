import {
  couldBeat,
  type EngineChoice,
  preference,
  type RefusedEngine,
  type WorkingEngine,
  works,
} from '../../src/training/contract.js'
import { engineNames } from '../engines/engine.js'
import type { EngineSettings } from '../engines/engine-environment.js'
import { probeEngine } from './probe-engine.js'

/** What a worker computes on, and what it does not and why. */
export interface EngineReport {
  /** As the worker is set up. */
  asked: EngineChoice
  /** The one that 'auto' prefers among those that work, or the one asked for; none where that does not work. */
  chosen: WorkingEngine | undefined
  /** What was tried and does not work. */
  refused: RefusedEngine[]
}

/** Tries the engines in turn until nothing better can follow; one that is asked for by name alone. */
export async function chooseForWorker(
  asked: EngineChoice,
  settings: EngineSettings,
  signal?: AbortSignal,
): Promise<EngineReport> {
  const refused: RefusedEngine[] = []
  let chosen: WorkingEngine | undefined
  for (const engine of asked === 'auto' ? engineNames : [asked]) {
    if (chosen && !couldBeat(engine, chosen)) continue
    const tried = await probeEngine(engine, settings, { signal })
    if (!works(tried)) refused.push(tried)
    else if (!chosen || preference(tried) < preference(chosen)) chosen = tried
  }
  return { asked, chosen, refused }
}
