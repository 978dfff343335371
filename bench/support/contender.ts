import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { z } from 'zod'

const ready = z.object({ kind: z.literal('ready') })

export interface Contender<Ready> {
  readonly process: ChildProcess
  /** What the process said when it was ready. */
  readonly said: Ready
  stop(): Promise<void>
}

/** Where servers and their client run: a core each, where the machine has two and `taskset`. */
export const cores = pinnedCores()

/**
 * Starts a Node program in a process of its own, on one core, and waits for its message `{kind: 'ready', …}`.
 *
 * @param said what that message must hold besides
 */
export async function startContender<Ready>(
  file: string,
  { args = [], env = {}, core, said }: StartOptions<Ready>,
): Promise<Contender<Ready>> {
  const node = [process.execPath, file, ...args]
  const [command = '', ...rest] = core === undefined ? node : ['taskset', '-c', String(core), ...node]
  const child = spawn(command, rest, {
    // Logs are written, as in production, and nobody reads them.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  })
  const exited = once(child, 'exit')
  const left = exited.then(([code]) => Promise.reject(new Error(`${file} left with ${code}`)))
  left.catch(() => {})
  const [message] = await Promise.race([once(child, 'message'), left])
  ready.parse(message)
  return {
    process: child,
    said: said.parse(message),
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

export interface StartOptions<Ready> {
  args?: readonly string[]
  env?: NodeJS.ProcessEnv
  core?: number | undefined
  said: z.ZodType<Ready>
}

function pinnedCores(): { server: number; client: number } | undefined {
  if (cpus().length < 2 || spawnSync('taskset', ['-c', '0', 'true']).status !== 0) return undefined
  return { server: 0, client: 1 }
}
