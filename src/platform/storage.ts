import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Where models and datasets lie. What is put is either there whole or not at all. */
export interface Storage {
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Puts what comes out of `source`, however much that is, and never holds it whole. @throws what `source` throws */
  write(key: string, source: AsyncIterable<Uint8Array>): Promise<void>
  /** Throws an error with the code ENOENT where there is no such key. */
  read(key: string): Promise<Buffer>
  /** `length` bytes from `start` on, fewer at the end; undefined where there is no such key. */
  readPart(key: string, start: number, length: number): Promise<Buffer | undefined>
  /** The size in bytes and a stream, or undefined where there is no such key. */
  open(key: string): Promise<{ size: number; stream: Readable } | undefined>
  holds(key: string): Promise<boolean>
  /** What lies directly below a prefix: keys of files, and prefixes of more. */
  list(prefix: string): Promise<StoredEntry[]>
  /** Removes everything below a prefix; a prefix that is not there is no error. */
  deleteAll(prefix: string): Promise<void>
}

export interface StoredEntry {
  /** The last part of the key. */
  name: string
  /** Of a prefix: when something directly below it came or went. */
  changedAt: Date
}

const validKey = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

/** A storage in a folder, which API and workers share. */
export function openFolderStorage(directory: string): Storage {
  // Keys are ours, never a user's; the check keeps a mistake from leaving the folder.
  const pathOf = (key: string) => {
    if (!validKey.test(key)) throw new Error(`'${key}' is no storage key`)
    return join(directory, key)
  }
  return {
    put: (key, bytes) => replace(pathOf(key), path => writeFile(path, bytes, { flush: true })),
    write: (key, source) =>
      replace(pathOf(key), path => pipeline(source, createWriteStream(path, { flush: true }))),
    read: key => readFile(pathOf(key)),
    readPart: (key, start, length) => readPart(pathOf(key), start, length),
    async open(key) {
      const path = pathOf(key)
      const size = await sizeOf(path)
      return size === undefined ? undefined : { size, stream: createReadStream(path) }
    },
    holds: async key => (await sizeOf(pathOf(key))) !== undefined,
    list: prefix => listFolder(pathOf(prefix)),
    deleteAll: prefix => rm(pathOf(prefix), { recursive: true, force: true }),
  }
}

async function readPart(path: string, start: number, length: number): Promise<Buffer | undefined> {
  if ((await sizeOf(path)) === undefined) return undefined
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    found => found.size,
    () => undefined,
  )
}

async function listFolder(path: string): Promise<StoredEntry[]> {
  const names = await readdir(path).catch(() => [])
  const entries: StoredEntry[] = []
  // What other programs put there is none of ours; nor is what was removed meanwhile.
  for (const name of names.filter(name => validKey.test(name))) {
    const found = await stat(join(path, name)).catch(() => undefined)
    if (found) entries.push({ name, changedAt: found.mtime })
  }
  return entries
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
