import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.js'
import { engineNames, openEngine } from '../../workers/engines/choose-engine.js'
import { type Engine, type EngineName, EngineUnavailableError } from '../../workers/engines/engine.js'
import { engineEnvironment } from '../../workers/engines/engine-environment.js'

// Where there is no GPU, WebGPU is tested on one in software; what the operator says stays.
process.env.LYCEUM_WEBGPU_FALLBACK ??= 'true'
// Before a library is loaded that reads it: engines are tested as runs use them.
const settings = readConfig()
Object.assign(process.env, engineEnvironment(settings, process.env))

/**
 * Runs a suite on every engine of this machine. One that is missing is a skip that says why, unless
 * LYCEUM_REQUIRE_TENSORFLOW or LYCEUM_REQUIRE_WEBGPU says that it must be there.
 */
export async function testOnEngines(
  check: (t: Test, engine: Engine) => Promise<void> | void,
  names: readonly EngineName[] = engineNames,
): Promise<void> {
  for (const name of names) {
    const engine = await openEngine(name).catch((error: unknown) => {
      const isRequired = process.env[`LYCEUM_REQUIRE_${name.toUpperCase()}`] === '1'
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
