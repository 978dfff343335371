import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.js'
import { engineNames, openEngine } from '../../workers/engines/choose-engine.js'
import { type Engine, type EngineName, EngineUnavailableError } from '../../workers/engines/engine.js'
import { engineEnvironment } from '../../workers/engines/engine-environment.js'

// Before a library is loaded that reads it: engines are tested as runs use them.
const settings = readConfig()
Object.assign(process.env, engineEnvironment(settings, process.env))

/**
 * Runs a suite on every engine of this machine. One that is missing is a skip that says why, unless
 * LYCEUM_REQUIRE_TENSORFLOW says that it must be there.
 */
export async function testOnEngines(
  check: (t: Test, engine: Engine) => Promise<void> | void,
  names: readonly EngineName[] = engineNames,
): Promise<void> {
  for (const name of names) {
    const engine = await openEngine(name).catch((error: unknown) => {
      const isRequired = name === 'tensorflow' && process.env.LYCEUM_REQUIRE_TENSORFLOW === '1'
      if (error instanceof EngineUnavailableError && !isRequired) return error
      throw error
    })
    if (engine instanceof EngineUnavailableError) {
      t.test(`the ${name} engine`, { skip: engine.message }, async () => {})
    } else {
      await t.test(`the ${name} engine on ${engine.device}`, async t => check(t, engine))
    }
  }
}
