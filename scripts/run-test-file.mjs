import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A file that takes longer hangs. Its tap says so first, and in which test. */
const timeout = 600_000
const tapTimeout = timeout - 10_000

/**
 * Runs one file of tests and reads its TAP. In a process of its own, without the runner of tap: its hooks for coverage
 * and mocks are loaded into each process and each of its children, and double the time of all.
 * @returns the file's verdict, its named tests counted, and all that is said of a failure
 */
export async function runTestFile(file, env) {
  const begin = Date.now()
  const test = spawn(process.execPath, ['--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...env, TAP: '1', TAP_TIMEOUT: String(tapTimeout / 1000) },
    timeout,
  })
  const exit = new Promise(resolve => test.once('close', (code, signal) => resolve({ code, signal })))
  const report = createReport()
  for await (const line of createInterface({ input: test.stdout })) report.read(line)
  const { code, signal } = await exit
  const { passed, failed, skipped, said } = report
  const reason = failed > 0 ? undefined : whyFailed()
  return {
    ok: failed === 0 && reason === undefined,
    seconds: (Date.now() - begin) / 1000,
    passed,
    failed: failed + (reason === undefined ? 0 : 1),
    skipped,
    said: reason === undefined ? said : [...said, reason],
  }

  /** Of a file whose tests did not fail, as far as they ran. */
  function whyFailed() {
    if (signal !== null) return `It was ended by ${signal} after ${Date.now() - begin} ms.`
    if (code !== 0) return `It ended with exit code ${code}.`
    if (passed + skipped.length === 0) return 'No test of it ran.'
  }
}

/** Counts the named tests of a TAP stream and keeps all that is said of a failure. */
function createReport() {
  const open = []
  let explaining = false
  const report = { passed: 0, failed: 0, skipped: [], said: [], read }
  return report

  function read(line) {
    const [, indent, text] = /^(\s*)(.*)$/.exec(line)
    const depth = indent.length
    if (text.startsWith('# Subtest: ')) open.push({ depth, name: text.slice('# Subtest: '.length) })
    const result = /^(not )?ok \d+ - (.*?)( # .*)?$/.exec(text)
    if (result) {
      explaining = result[1] !== undefined
      const test = open.at(-1)
      // An assertion has no subtest of its own.
      if (test?.depth === depth && result[2].startsWith(test.name)) {
        open.pop()
        count(result)
      } else if (result[3]?.startsWith(' # SKIP')) count(result)
    }
    if (explaining) report.said.push(line)
  }

  function count([, failed, name, directive = '']) {
    if (directive.startsWith(' # SKIP')) report.skipped.push(`${name}${directive.replace(' # SKIP', ':')}`)
    else if (failed) report.failed++
    else report.passed++
  }
}
