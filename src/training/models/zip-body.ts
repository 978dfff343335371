import { Readable } from 'node:stream'
import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { parseInput } from '../../platform/parse.js'

/** Windows has a name of its own for it. */
export const zipTypes = ['application/zip', 'application/x-zip-compressed']

const stream = z.instanceof(Readable, { error: 'must be a zip' })
const contentLength = z.coerce.number().int().min(0).optional()

/** Bodies are handed on as they come: they are bounded and stored by the service, and never in memory whole. */
export function takeZips(rest: RestInstance): void {
  rest.removeAllContentTypeParsers()
  rest.addContentTypeParser(zipTypes, (_request, payload, done) => done(null, payload))
}

/** A request's zip, and what its client says of the size in bytes. @throws INVALID_INPUT */
export function readZipBody(request: { body: unknown; headers: Record<string, unknown> }) {
  const length = parseInput(contentLength, request.headers['content-length'], 'content-length')
  return { body: parseInput(stream, request.body, 'body'), length }
}
