// npm run bench -- <question> [arguments]: builds, then runs bench/<question>.ts. Without a question: what there is.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setUp } from './setup.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
process.chdir(root)
const [question, ...args] = process.argv.slice(2)
const questions = readdirSync('bench')
  .filter(file => file.endsWith('.ts'))
  .map(file => file.slice(0, -3))

if (question === undefined || !questions.includes(question)) {
  if (question !== undefined) console.error(`There is no benchmark '${question}'.\n`)
  console.log('Each prints a table and ends with one line of JSON.\n')
  for (const name of questions) console.log(`${describe(name)}\n`)
  process.exit(question === undefined ? 0 : 1)
}
await setUp()
// The peers have a package file of their own: no user of Lyceum gets them.
if (!existsSync('bench/node_modules')) {
  console.log('Installing the peers …')
  const install = ['ci', '--prefix', 'bench', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', install, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) process.exit(1)
}
process.exitCode =
  spawnSync(process.execPath, [`dist/bench/${question}.js`, ...args], { stdio: 'inherit' }).status ?? 1

/** The comment that a benchmark begins with. */
function describe(name) {
  const lines = readFileSync(`bench/${name}.ts`, 'utf8').split('\n')
  return lines
    .slice(
      0,
      lines.findIndex(line => !line.startsWith('//')),
    )
    .map(line => line.slice(3))
    .join('\n')
}
