import type { Readable } from 'node:stream'

/** Where models and datasets lie. What is put is either there whole or not at all. */
export interface Storage {
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Puts what comes out of `source`, however much that is, and never holds it whole. @throws what `source` throws */
  write(key: string, source: AsyncIterable<Uint8Array>): Promise<void>
  /** Throws an error with the code ENOENT where there is no such key. */
  read(key: string): Promise<Buffer>
  /** `length` bytes from `start` on, fewer at the end; undefined where there is no such key. */
  readPart(key: string, start: number, length: number): Promise<Buffer | undefined>
  /** The size in bytes and a stream to be read or destroyed; undefined where there is no such key. */
  open(key: string): Promise<{ size: number; stream: Readable } | undefined>
  holds(key: string): Promise<boolean>
  /** The names directly below a prefix: of files, and of prefixes of more. */
  list(prefix: string): Promise<string[]>
  /** When what lies under a key or below a prefix was last written; undefined where nothing does. */
  changedAt(prefix: string): Promise<Date | undefined>
  /** Removes a key and everything below it as a prefix; what is not there is no error. */
  deleteAll(prefix: string): Promise<void>
}

const validKey = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

export const isKey = (text: string) => validKey.test(text)

/** Keys are ours, never a user's; the check keeps a mistake from leaving the storage. */
export function requireKey(key: string): string {
  if (!isKey(key)) throw new Error(`'${key}' is no storage key`)
  return key
}
