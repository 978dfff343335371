// Runs the programs that a binding is built with.
import { spawn, spawnSync } from 'node:child_process'
import { basename } from 'node:path'

/** Runs a program to its end, which must be a good one within `minutes`; shows every 15 s that it is still at it. */
export async function run(command, args, { cwd, minutes = 10 } = {}) {
  const name = basename(command === process.execPath ? args[0] : command)
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: what it started ends with it.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output = (output + text).slice(-20_000)
    })
  }
  const begin = Date.now()
  const seconds = () => Math.round((Date.now() - begin) / 1000)
  const progress = setInterval(() => console.log(`    … ${name}, ${seconds()} s`), 15_000)
  let overdue = false
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {}
  }
  const limit = setTimeout(() => {
    overdue = true
    stop()
  }, minutes * 60_000)
  process.once('exit', stop)
  try {
    const [code, error] = await new Promise(resolve => {
      child.once('error', error => resolve([null, error]))
      child.once('close', code => resolve([code]))
    })
    if (code === 0) return
    const end = overdue
      ? `was not done after ${minutes} minutes`
      : `ended with ${error?.message ?? `code ${code}`}`
    const lines = output.trim().split('\n').slice(-12)
    throw new Error([`${name} ${end}`, ...lines.map(line => `      ${line}`)].join('\n'))
  } finally {
    clearInterval(progress)
    clearTimeout(limit)
    process.removeListener('exit', stop)
  }
}

/** Whether a program is there and says so. */
export function answers(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0
}
