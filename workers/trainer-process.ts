import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type ChildCommand, type ChildReport, childReport } from '../src/training/contract.js'

/** A forked trainer: what it reports is parsed, and it is gone when `gone` is settled. */
export interface TrainerProcess {
  /** How it ended, after its last report was heard. */
  readonly gone: Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>
  send(command: ChildCommand): void
  kill(): void
}

/**
 * Starts the trainer in a process of its own.
 *
 * @param onReport is given undefined for a message that is no report
 * @param env what the engine's library reads when it is loaded: see `engineEnvironment`
 */
export function startTrainer(
  file: string,
  onReport: (report: ChildReport | undefined) => void,
  env: NodeJS.ProcessEnv = process.env,
): TrainerProcess {
  // Its output goes to the worker's standard error: standard output is for structured logs alone.
  const child = fork(file, [], { execArgv: [], env, stdio: ['ignore', 2, 2, 'ipc'] })
  child.on('message', message => onReport(childReport.safeParse(message).data))
  // An exit can be told before the last messages were read; the channel's end comes after them.
  const disconnected = once(child, 'disconnect')
  const exited = once(child, 'exit')
  const gone = Promise.all([exited, disconnected]).then(
    () => ({ code: child.exitCode, signal: child.signalCode }),
    (error: Error) => {
      child.kill('SIGKILL')
      return { code: child.exitCode, signal: child.signalCode, error }
    },
  )
  // Without a listener an error event would end the worker; `gone` tells of it.
  child.on('error', () => {})
  return {
    gone,
    send(command) {
      // A channel that has closed is told by `gone`.
      if (child.connected) child.send(command, () => {})
    },
    kill() {
      child.kill('SIGKILL')
    },
  }
}
