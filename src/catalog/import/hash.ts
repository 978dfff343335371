import { createHash } from 'node:crypto'

/** SHA-256 of a document. The import writes keys in one order always, so that equal documents hash alike. */
export function hashOf(document: object): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex')
}
