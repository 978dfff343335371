import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { EngineRequest } from '../../src/training/contract.js'
import { type EngineSettings, engineEnvironment } from '../engines/engine-environment.js'
import { type ProbeReport, probeReport } from './probe-report.js'

type FoundEngine = Omit<Extract<ProbeReport, { kind: 'opened' }>, 'kind'>

export type ProbeResult =
  | { refused: string }
  /** Sound: it computed, too, what is known to crash. */
  | { found: FoundEngine; sound: boolean; crash: string }

export interface ProbeOptions {
  /** Ends the probing: what is not known by then is refused. */
  signal?: AbortSignal | undefined
  /** Another program to stand in for the probe. */
  program?: string
}

const main = fileURLToPath(new URL('main.js', import.meta.url))
/** A library that hangs is none that works. */
const limitMs = 60_000

/** Runs the probing child to its end, however that comes. */
export async function runProbe(
  engine: EngineRequest,
  settings: EngineSettings,
  workaround: Record<string, string>,
  { program = main, signal }: ProbeOptions = {},
): Promise<ProbeResult> {
  const env = { ...engineEnvironment(settings, process.env), ...workaround }
  // Its output is the library's chatter; what matters is told by message.
  const child = fork(program, [engine], { execArgv: [], env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const reports: ProbeReport[] = []
  child.on('message', message => reports.push(probeReport.parse(message)))
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  if (signal?.aborted) kill()
  const limit = setTimeout(kill, limitMs)
  // The channel's end comes after the last message; the exit may come before it.
  await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  clearTimeout(limit)
  signal?.removeEventListener('abort', kill)
  const crash = child.signalCode ?? `exit code ${child.exitCode}`
  const refused = reports.find(report => report.kind === 'refused')
  const opened = reports.find(report => report.kind === 'opened')
  if (refused || !opened) return { refused: refused?.reason ?? `The process that tried it ended: ${crash}.` }
  const { kind: _, ...found } = opened
  return { found, sound: reports.some(report => report.kind === 'sound'), crash }
}
