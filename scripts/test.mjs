// Runs the tests: set-up where it is missing, one embedded PostgreSQL for all files, then each of what was built.
//   npm test                     the tests that a change is made with
//   npm test -- --wide           those of whole processes, which take long
//   npm test -- --kill           those that end processes with SIGKILL
//   npm test -- test/identity    the files below that path
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTestFile } from './run-test-file.mjs'
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
const sum = { passed: 0, failed: 0, skipped: [] }
try {
  const waiting = files.values()
  // Some wait for processes more than they compute; those that are killed at work are not to wait for each other.
  await Promise.all(Array.from({ length: kind === 'kill' ? 1 : 3 }, () => runFiles(waiting)))
} finally {
  await postgres.stop()
  rmSync(directory, { recursive: true, force: true })
}
// What people and programs look for.
const { passed, failed, skipped } = sum
for (const name of skipped) console.log(`skipped: ${name}`)
console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** Runs one file after the other, of those that nobody has taken. */
async function runFiles(waiting) {
  const env = { ...process.env, LYCEUM_TEST_DATABASE: postgres.templateUrl, NODE_ENV: 'test' }
  for (const file of waiting) {
    const result = await runTestFile(file, env)
    console.log(`${result.ok ? 'ok' : 'not ok'} - ${file} (${result.seconds.toFixed(1)} s)`)
    for (const line of result.said) console.log(line)
    sum.passed += result.passed
    sum.failed += result.failed
    sum.skipped.push(...result.skipped)
  }
}
