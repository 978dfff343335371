import { randomUUID } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isKey, requireKey, type Storage } from './storage.js'

/** A storage in a folder, which API and workers share. */
export function openFolderStorage(directory: string): Storage {
  const pathOf = (key: string) => join(directory, requireKey(key))
  return {
    put: async (key, bytes) => replace(pathOf(key), path => writeFile(path, bytes, { flush: true })),
    write: async (key, source) =>
      replace(pathOf(key), async path => {
        // Opened first: of a source that breaks off at once, the file could come after it was removed.
        const file = await open(path, 'wx')
        await pipeline(source, file.createWriteStream({ flush: true }))
      }),
    read: async key => readFile(pathOf(key)),
    readPart: async (key, start, length) => readPart(pathOf(key), start, length),
    async open(key) {
      const path = pathOf(key)
      const file = await findFile(path)
      return file && { size: file.size, stream: createReadStream(path) }
    },
    holds: async key => (await findFile(pathOf(key))) !== undefined,
    // What other programs put there is none of ours.
    list: async prefix => (await ifThere(readdir(pathOf(prefix))))?.filter(isKey) ?? [],
    changedAt: async prefix => changedAt(pathOf(prefix)),
    deleteAll: async prefix => rm(pathOf(prefix), { recursive: true, force: true }),
  }
}

async function readPart(path: string, start: number, length: number): Promise<Buffer | undefined> {
  if (!(await findFile(path))) return undefined
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function findFile(path: string): Promise<Stats | undefined> {
  const found = await ifThere(stat(path))
  return found?.isFile() ? found : undefined
}

/** Of a folder: also when something in it came or went. */
async function changedAt(path: string): Promise<Date | undefined> {
  const own = await ifThere(stat(path))
  if (!own) return undefined
  const below = own.isDirectory() ? ((await ifThere(readdir(path, { recursive: true }))) ?? []) : []
  let latest = own.mtimeMs
  for (const name of below) {
    const found = await ifThere(stat(join(path, name)))
    latest = Math.max(latest, found?.mtimeMs ?? 0)
  }
  return new Date(latest)
}

/** Any other error, such as that of a folder that may not be read, must not look as if nothing were there. */
async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch(error => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/** Written under a name of its own and renamed: whoever reads finds all or nothing. */
async function replace(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}.part`
  try {
    await write(temporary)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
