import { type ChildProcess, fork, type Serializable, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const lyceumFile = fileURLToPath(new URL('../../src/lyceum.js', import.meta.url))

type Environment = Record<string, string | undefined>

/** Of the test's own environment only what a shell has: a database or a home of it must not come in by accident. */
function environment(env: Environment): Environment {
  const { PATH, HOME, TMPDIR, LANG } = process.env
  return { PATH, HOME, TMPDIR, LANG, LYCEUM_LOG_LEVEL: 'warn', ...env }
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `lyceum …` to its end. */
export async function runLyceum(args: readonly string[], env: Environment = {}, input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [lyceumFile, ...args], { env: environment(env) })
  const exit = once(child, 'exit')
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => {}).end(input)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { code, stdout, stderr }
}

export interface Running {
  readonly process: ChildProcess
  /** What it said when it was ready. */
  readonly ready: Serializable
  /** What it has written so far, to both of its outputs. */
  output(): string
  /** Tells it to stop, and gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `lyceum server` or `worker` and waits until it is ready. It ends with the test at the latest. */
export async function startLyceum(t: Test, args: readonly string[], env: Environment): Promise<Running> {
  const child = fork(lyceumFile, [...args], { env: environment(env), execArgv: [], silent: true })
  const exit = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const [code] = await exit
    return code
  }
  t.teardown(() => stop())
  const ready = await Promise.race([
    once(child, 'message').then(([message]) => message),
    exit.then(([code]) => {
      throw new Error(`lyceum ${args.join(' ')} ended with ${code}: ${output}`)
    }),
  ])
  return { process: child, ready, output: () => output, stop }
}
