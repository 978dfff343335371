import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long, in ms, a lock may be empty: it is created first and written then. */
const writtenWithinMs = 5_000

/**
 * Takes a lock that one process of this machine holds at a time: a file with its process id. One whose owner is
 * dead (killed, it could not take its lock away) is taken over.
 *
 * @returns what gives it back, or the process id of its living owner
 */
export async function takeLockFile(path: string): Promise<{ release(): void } | { owner: number }> {
  mkdirSync(dirname(path), { recursive: true })
  for (;;) {
    if (create(path, process.pid)) return { release: () => rmSync(path, { force: true }) }
    const owner = readOwner(path)
    if (owner === 'unwritten') await sleep(20)
    else if (owner !== undefined && lives(owner)) return { owner }
    else if (owner !== undefined) clear(path)
  }
}

function create(path: string, owner: number): boolean {
  try {
    writeFileSync(path, String(owner), { flag: 'wx' })
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

/** undefined where there is no lock (any more), NaN where its owner was killed before it could say who it is. */
function readOwner(path: string): number | 'unwritten' | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    if (text !== '') return Number(text)
    return Date.now() - statSync(path).mtimeMs < writtenWithinMs ? 'unwritten' : Number.NaN
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Our own number in a lock that we have not taken is of a process before: containers count anew when they start. */
function lives(owner: number): boolean {
  return owner !== process.pid && isAlive(owner)
}

/** Takes away a lock whose owner is dead: by renaming it, which of several processes only one can do. */
function clear(path: string) {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (isCode(error, 'ENOENT')) return
    throw error
  }
  // Somebody quicker may have cleared the dead one and taken the lock in between: it is theirs.
  const owner = readOwner(aside)
  if (typeof owner === 'number' && lives(owner)) create(path, owner)
  rmSync(aside, { force: true })
}

/** Whether a process of this machine runs, ours or somebody else's. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
