import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'

/** Where models lie. What is put is either there whole or not at all. */
export interface Storage {
  /** @param content the bytes, or a stream of them where they are many */
  put(key: string, content: Uint8Array | Readable): Promise<void>
  /** Throws an error with the code ENOENT where there is no such key. */
  read(key: string): Promise<Buffer>
  /** The size in bytes and a stream, or undefined where there is no such key. */
  open(key: string): Promise<{ size: number; stream: Readable } | undefined>
  holds(key: string): Promise<boolean>
  /** Removes everything below a prefix; a prefix that is not there is no error. */
  deleteAll(prefix: string): Promise<void>
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
    async put(key, content) {
      const path = pathOf(key)
      await mkdir(dirname(path), { recursive: true })
      const temporary = `${path}.${randomUUID()}.part`
      try {
        await writeFile(temporary, content, { flush: true })
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
    read: key => readFile(pathOf(key)),
    async open(key) {
      const path = pathOf(key)
      const size = await sizeOf(path)
      return size === undefined ? undefined : { size, stream: createReadStream(path) }
    },
    holds: async key => (await sizeOf(pathOf(key))) !== undefined,
    deleteAll: prefix => rm(pathOf(prefix), { recursive: true, force: true }),
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    found => found.size,
    () => undefined,
  )
}
