import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { packageRoot } from '../platform/package-root.js'
import { preference, type TriedEngine, triedEngine, works } from '../training/contract.js'

/**
 * Tries every engine of this machine and prints what came of it, the one that 'auto' takes first.
 *
 * @throws Error where none works
 */
export async function listEngines(options: { json?: boolean }): Promise<void> {
  const tried = await tryEngines()
  const working = tried.filter(works).sort((a, b) => preference(a) - preference(b))
  const engines = [...working, ...tried.filter(engine => !works(engine))]
  console.log(options.json ? JSON.stringify({ engines }, undefined, 2) : describeEngines(engines))
  if (working.length === 0) throw new Error('No engine works on this machine.')
}

/** In a process of its own, as the workers are: the command line loads no TensorFlow. */
async function tryEngines(): Promise<TriedEngine[]> {
  const child = fork(join(packageRoot, 'dist/workers/probe/list-engines.js'), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const engines: TriedEngine[] = []
  child.on('message', message => engines.push(triedEngine.parse(message)))
  await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  if (child.exitCode !== 0) throw new Error('The engines could not be tried: see above.')
  return engines
}

/** A table of those that work, then why the others do not. */
export function describeEngines(engines: readonly TriedEngine[]): string {
  const rows = engines
    .filter(works)
    .map(({ engine, imagesPerSecond, device, version }) => [
      engine,
      imagesPerSecond.toLocaleString('en'),
      device,
      version,
    ])
  const table = [['engine', 'images/s', 'device', 'version'], ...rows]
  const widths = [0, 1, 2].map(column => Math.max(...table.map(row => row[column]?.length ?? 0)))
  const lines = table.map(row =>
    row
      .map((cell, column) =>
        column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  '),
  )
  const remarks = engines.flatMap(tried =>
    works(tried)
      ? tried.warnings.map(warning => `warning: ${warning}`)
      : [`refused: ${tried.engine}: ${tried.reason}`],
  )
  return [...lines, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n')
}
