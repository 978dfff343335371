import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { root } from './step.mjs'

const lock = join(root, '.lyceum', 'setup.lock')

/** Runs an action while no other process of this clone does: two set-ups would take each other's packages away. */
export async function alone(action) {
  mkdirSync(dirname(lock), { recursive: true })
  for (let told = false; !take(); told = true) {
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

function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!ownerLives()) rmSync(lock, { force: true })
    return false
  }
}

/** Whoever was killed could not take its lock away. */
function ownerLives() {
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
