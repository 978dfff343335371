// The checks that need no running: format and lint (Biome), the arrows between folders, dead code.
import { spawnSync } from 'node:child_process'
import { setUp } from './setup.mjs'

await setUp()
const checks = [
  ['node_modules/@biomejs/biome/bin/biome', 'check', '.'],
  [
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    'src',
    'workers',
    '--config',
    '.dependency-cruiser.cjs',
  ],
  [
    'node_modules/knip/bin/knip.js',
    '--no-progress',
    '--no-config-hints',
    '--include',
    'unlisted,unresolved,duplicates,binaries',
  ],
]
const failed = checks.filter(
  ([script, ...args]) => spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status !== 0,
)
process.exitCode = failed.length === 0 ? 0 : 1
