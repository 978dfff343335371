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
  // Files, exports, types and dependencies that nothing uses.
  ['node_modules/knip/bin/knip.js', '--no-progress'],
]
const failed = checks.filter(
  ([script, ...args]) => spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status !== 0,
)
process.exitCode = failed.length === 0 ? 0 : 1
