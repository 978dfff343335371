// Checks the types of everything, those of the resolvers made afresh from the SDL.
import { spawnSync } from 'node:child_process'
import { setUp } from './setup.mjs'

await setUp()
await import('./codegen.mjs')
const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit'], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
