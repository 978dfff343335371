import { randomUUID } from 'node:crypto'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from './lock-file.js'

/** Below the system's temporary folder. One for each user: what another one made is not to be written to. */
export const scratchFolder = `lyceum-scratch-${process.getuid?.() ?? 'user'}`
/** `<host>-<process id>-<UUID>`: whose folder it is can be told from its name. */
const ownerOf = /^(?<host>.+)-(?<pid>\d+)-[\da-f-]{36}$/
/** Those of this process. */
const open = new Set<string>()

export interface Scratch {
  readonly directory: string
  close(): Promise<void>
}

/** A temporary folder of this process's own, removed when it is closed, or by `clearScratch` of a later process. */
export async function openScratch(): Promise<Scratch> {
  const name = `${hostname()}-${process.pid}-${randomUUID()}`
  const directory = join(await openParent(), name)
  open.add(name)
  const close = async () => {
    await rm(directory, { recursive: true, force: true })
    open.delete(name)
  }
  try {
    await mkdir(directory)
  } catch (error) {
    open.delete(name)
    throw error
  }
  return { directory, close }
}

/** Removes what processes of this machine left behind when they were killed. */
export async function clearScratch(): Promise<void> {
  const parent = await openParent()
  for (const name of await readdir(parent)) {
    if (isAbandoned(name)) await rm(join(parent, name), { recursive: true, force: true })
  }
}

/** @throws Error with what to do, where somebody else has put something in its place */
async function openParent(): Promise<string> {
  const parent = join(tmpdir(), scratchFolder)
  await mkdir(parent, { recursive: true, mode: 0o700 }).catch(error => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(parent)
  if (!found.isDirectory() || (process.getuid && found.uid !== process.getuid())) {
    throw new Error(`${parent} is not a folder of this user: remove it, or set TMPDIR to another folder.`)
  }
  return parent
}

/** A folder of another machine may be in use there, on a disk that both share. */
function isAbandoned(name: string): boolean {
  const owner = ownerOf.exec(name)?.groups
  if (owner?.host !== hostname() || open.has(name)) return false
  const pid = Number(owner.pid)
  // In a container a process has the same id at every start.
  return pid === process.pid || !isAlive(pid)
}
