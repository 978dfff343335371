import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { z } from 'zod'

/** A forked program: what it reports is parsed, and it is gone when `gone` is settled. */
export interface ChildProgram<Command> {
  /** How it ended, after its last report was heard. */
  readonly gone: Promise<ProcessEnd>
  send(command: Command): void
  kill(): void
}

export interface ProcessEnd {
  code: number | null
  signal: NodeJS.Signals | null
  error?: Error
}

interface Settings<Report> {
  /** What it may say. */
  reports: z.ZodType<Report>
  /** Is given undefined for a message that is no report. */
  onReport(report: Report | undefined): void
  env: NodeJS.ProcessEnv
  /** Arguments of Node itself. */
  execArgv?: string[]
}

/** Starts a program of ours in a process of its own. */
export function startChild<Command extends object, Report>(
  file: string,
  { reports, onReport, env, execArgv = [] }: Settings<Report>,
): ChildProgram<Command> {
  // Its output goes to the worker's standard error: standard output is for structured logs alone.
  const child = fork(file, [], { execArgv, env, stdio: ['ignore', 2, 2, 'ipc'] })
  child.on('message', message => onReport(reports.safeParse(message).data))
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
