// Runs the tests: set-up where it is missing, one embedded PostgreSQL for all files, then tap on what was built.
//   npm test                     the tests that a change is made with
//   npm test -- --wide           those of whole processes, which take long
//   npm test -- --kill           those that end processes with SIGKILL
//   npm test -- test/identity    the files below that path
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { setUp } from './setup.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
process.chdir(root)
await setUp()

const args = process.argv.slice(2)
const kind = ['kill', 'wide'].find(name => args.includes(`--${name}`)) ?? 'test'
const paths = args
  .filter(arg => !arg.startsWith('--'))
  .map(path => path.replace(/\/$/, '').replace(/\.ts$/, '.js'))
const files = readdirSync('dist/test', { recursive: true })
  .map(file => join('test', file))
  .filter(file => file.endsWith(`.${kind}.js`))
  .filter(file => paths.length === 0 || paths.some(path => file === path || file.startsWith(`${path}/`)))
  .map(file => join('dist', file))
  .sort()
if (files.length === 0) {
  console.error(`There is no test at ${paths.join(', ')}.`)
  process.exit(1)
}

const { startTestPostgres } = await import('../dist/test/support/postgres.js')
const directory = mkdtempSync(join(tmpdir(), 'lyceum-test-'))
const postgres = await startTestPostgres(directory)
let status = 1
try {
  status = await runTap()
} finally {
  await postgres.stop()
  rmSync(directory, { recursive: true, force: true })
}
process.exitCode = status

/** Runs tap, shows its output, and closes with the line that people and programs look for. */
async function runTap() {
  // Some wait for processes more than they compute; those that are killed at work are not to wait for each other.
  const jobs = kind === 'kill' ? '1' : '3'
  const tap = spawn(
    process.execPath,
    ['node_modules/@tapjs/run/dist/esm/index.js', 'run', `--jobs=${jobs}`, '--reporter=tap', ...files],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, LYCEUM_TEST_DATABASE: postgres.templateUrl, NODE_ENV: 'test' },
    },
  )
  const report = createReport()
  for await (const line of createInterface({ input: tap.stdout })) report.read(line)
  const code = await new Promise(resolve => tap.once('close', resolve))
  const { passed, failed, skipped } = report
  for (const name of skipped) console.log(`skipped: ${name}`)
  console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`)
  return code === 0 && failed === 0 && passed > 0 ? 0 : 1
}

/** Counts the named tests of a TAP stream and shows each file's line and all that is said of a failure. */
function createReport() {
  const open = []
  let explaining = false
  const report = { passed: 0, failed: 0, skipped: [], read }
  return report

  function read(line) {
    const [, indent, text] = /^(\s*)(.*)$/.exec(line)
    const depth = indent.length
    if (text.startsWith('# Subtest: ')) open.push({ depth, name: text.slice('# Subtest: '.length) })
    const result = /^(not )?ok \d+ - (.*?)( # .*)?$/.exec(text)
    if (result) {
      explaining = result[1] !== undefined
      const test = open.at(-1)
      // An assertion has no subtest of its own; a file is one at depth 0 and not counted.
      if (test?.depth === depth && result[2].startsWith(test.name)) {
        open.pop()
        if (depth > 0) count(result)
      } else if (result[3]?.startsWith(' # SKIP')) count(result)
    }
    if (explaining || (depth === 0 && result)) console.log(line)
  }

  function count([, failed, name, directive = '']) {
    if (directive.startsWith(' # SKIP')) report.skipped.push(`${name}${directive.replace(' # SKIP', ':')}`)
    else if (failed) report.failed++
    else report.passed++
  }
}
