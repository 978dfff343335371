import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../src/platform/lock-file.js'

/** Below the system's temporary folder. One for each user: what another one made is not to be written to. */
export const scratchFolder = `lyceum-workers-${process.getuid?.() ?? 'user'}`
/** `<host>-<process id>-<six random characters>`: whose folder it is can be told from its name. */
const ownerOf = /^(?<host>.+)-(?<pid>\d+)-\w{6}$/

/**
 * A temporary folder of this process, for what its children read and write. Those that workers of this machine
 * left behind when they were killed are removed.
 */
export async function openScratch(): Promise<{ directory: string; close(): Promise<void> }> {
  const parent = join(tmpdir(), scratchFolder)
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const directory = await mkdtemp(join(parent, `${hostname()}-${process.pid}-`))
  for (const name of await readdir(parent)) {
    const path = join(parent, name)
    if (path !== directory && isAbandoned(name)) await rm(path, { recursive: true, force: true })
  }
  return { directory, close: () => rm(directory, { recursive: true, force: true }) }
}

/** A folder of another machine may be in use there, on a disk that both share. */
function isAbandoned(name: string): boolean {
  const owner = ownerOf.exec(name)?.groups
  if (owner?.host !== hostname()) return false
  const pid = Number(owner.pid)
  // In a container the worker has the same process id at every start.
  return pid === process.pid || !isAlive(pid)
}
