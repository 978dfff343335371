// Checks the types of everything: sources, workers, tests and benchmarks.
import { spawnSync } from 'node:child_process'
import { setUp } from './setup.mjs'

await setUp()
process.exitCode =
  spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'], {
    stdio: 'inherit',
  }).status ?? 1
