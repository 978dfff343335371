import type { Readable } from 'node:stream'
import { bodyTooLarge } from './errors.js'

/** A body's chunks, up to so many bytes; it stays open, so that it can still be answered. @throws BODY_TOO_LARGE */
export function countBytes(
  body: Readable,
  most: number,
): { chunks: AsyncIterable<Uint8Array>; bytes(): number } {
  let bytes = 0
  async function* count() {
    const chunks: AsyncIterable<Uint8Array> = body.iterator({ destroyOnReturn: false })
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > most) throw bodyTooLarge(most)
      yield chunk
    }
  }
  return { chunks: count(), bytes: () => bytes }
}
