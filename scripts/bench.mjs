// npm run bench -- <question> [arguments]: builds, then runs bench/<question>.ts.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { setUp } from './setup.mjs'

await setUp()
const [question, ...args] = process.argv.slice(2)
const questions = readdirSync('bench')
  .filter(file => file.endsWith('.ts'))
  .map(file => file.slice(0, -3))
if (question === undefined || !questions.includes(question)) {
  console.error(`Usage: npm run bench -- <${questions.join(' | ')}> [arguments]`)
  process.exit(1)
}
// The peers have a package file of their own: no user of Lyceum gets them.
if (existsSync('bench/package.json') && !existsSync('bench/node_modules')) {
  console.log('Installing the peers …')
  const install = spawnSync(
    'npm',
    ['ci', '--prefix', 'bench', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      stdio: 'inherit',
      shell: process.platform === 'win32',
    },
  )
  if (install.status !== 0) process.exit(1)
}
process.exitCode =
  spawnSync(process.execPath, [`dist/bench/${question}.js`, ...args], { stdio: 'inherit' }).status ?? 1
