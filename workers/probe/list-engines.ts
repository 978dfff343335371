import { readConfig } from '../../src/config.js'
import type { TriedEngine } from '../../src/training/contract.js'
import { engineNames } from '../engines/engine.js'
import { probeEngine } from './probe-engine.js'

/** `list-engines.js`, forked: tries every engine, one after another, and says of each what came of it. */
const stopping = new AbortController()
process.on('disconnect', () => stopping.abort())
const config = readConfig()
for (const engine of engineNames) {
  if (stopping.signal.aborted) break
  await report(await probeEngine(engine, config, { signal: stopping.signal }))
}
process.exit()

function report(tried: TriedEngine): Promise<void> {
  return new Promise(resolve => {
    if (process.send) process.send(tried, () => resolve())
    else resolve()
  })
}
