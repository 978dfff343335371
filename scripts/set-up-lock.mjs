import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { root } from './step.mjs'

/**
 * Runs an action while no other process of this clone does: two set-ups would take each other's packages away.
 * As src/platform/lock-file.ts, which is not built yet when a clone is set up.
 */
export async function alone(action, lock = join(root, '.lyceum', 'setup.lock')) {
  mkdirSync(dirname(lock), { recursive: true })
  for (let told = false; !take(lock); told = true) {
    if (!told)
      console.log(
        `Another set-up of this clone is at work; waiting for it (if there is none, delete ${lock}) …`,
      )
    await setTimeout(200)
  }
  const release = () => rmSync(lock, { force: true })
  process.once('exit', release)
  try {
    return await action()
  } finally {
    process.off('exit', release)
    release()
  }
}

function take(lock) {
  if (create(lock, process.pid)) return true
  if (ownerLives(lock)) return false
  clear(lock)
  return create(lock, process.pid)
}

function create(lock, owner) {
  try {
    writeFileSync(lock, String(owner), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Whoever was killed could not take its lock away. */
function ownerLives(lock) {
  try {
    const owner = Number(readFileSync(lock, 'utf8'))
    // Created and not yet written: its owner is just about to, unless it was killed there.
    if (owner === 0) return Date.now() - statSync(lock).mtimeMs < 10_000
    process.kill(owner, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** By renaming, which of several processes only one can do; what turns out to be a living one's is put back. */
function clear(lock) {
  const aside = `${lock}.${process.pid}`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  if (ownerLives(aside)) create(lock, Number(readFileSync(aside, 'utf8')))
  rmSync(aside, { force: true })
}
