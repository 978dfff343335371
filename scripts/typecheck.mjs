// Checks the types of everything: sources, workers, tests and benchmarks.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setUp } from './setup.mjs'

await setUp()
if (existsSync(new URL('./codegen.mjs', import.meta.url))) await import('./codegen.mjs')
process.exitCode =
  spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'], {
    stdio: 'inherit',
  }).status ?? 1
