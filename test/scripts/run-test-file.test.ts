import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { z } from 'zod'
import { packageRoot } from '../../src/platform/package-root.js'

const runner = pathToFileURL(join(packageRoot, 'scripts', 'run-test-file.mjs')).href
const verdict = z.object({
  ok: z.boolean(),
  passed: z.number(),
  failed: z.number(),
  skipped: z.array(z.string()),
  said: z.array(z.string()),
})

/** What the runner says of a file of tests with this text. */
function judge(t: Test, text: string) {
  const folder = t.testdir({ 'some.test.mjs': `import t from 'tap'\n${text}` })
  const source = `
    import { runTestFile } from '${runner}'
    console.log(JSON.stringify(await runTestFile('some.test.mjs', process.env)))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { said, ...rest } = verdict.parse(JSON.parse(stdout))
  return { ...rest, said: said.join('\n') }
}

t.test('counts what passed and what was skipped, by name', async t => {
  const { said, ...result } = judge(
    t,
    `t.test('one', async t => { t.ok(true); t.ok(true) })
     t.test('outer', async t => { t.test('inner', async t => t.ok(true)) })
     t.test('another', { skip: 'no GPU' }, async t => t.ok(true))`,
  )
  t.same(result, { ok: true, passed: 3, failed: 0, skipped: ['another: no GPU'] })
  t.equal(said, '')
})

t.test('a failed assertion fails its test, and says where', async t => {
  const { said, ...result } = judge(t, `t.test('sums', async t => t.equal(1 + 1, 3, 'two'))`)
  t.same(result, { ok: false, passed: 0, failed: 1, skipped: [] })
  t.match(said, /not ok 1 - two/)
  t.match(said, /some\.test\.mjs/)
})

t.test('a file that ends itself, is killed, or tests nothing has failed, whatever passed before', async t => {
  const first = `await t.test('one', async t => t.ok(true))\n`
  const ended = judge(t, `${first}process.exit(3)`)
  t.same([ended.ok, ended.failed], [false, 1])
  t.match(ended.said, /exit code 3/)
  const killed = judge(t, `${first}process.kill(process.pid, 'SIGKILL')`)
  t.same([killed.ok, killed.failed], [false, 1])
  t.match(killed.said, /SIGKILL/)
  const empty = judge(t, '')
  t.same([empty.ok, empty.failed], [false, 1])
})

t.test('a test that never ends, or throws where nobody waits, has failed', async t => {
  t.equal(judge(t, `t.test('waits', () => new Promise(() => {}))`).ok, false)
  t.equal(
    judge(t, `t.test('throws', () => new Promise(() => setTimeout(() => { throw new Error('late') })))`).ok,
    false,
  )
})
