import type { FastifyInstance } from 'fastify'
import jsonc, { type ParseError } from 'jsonc-parser'
import { malformedJson } from './errors.js'

/** Reads JSON bodies as Fastify does, and says of one that is none where it breaks. */
export function readJsonBodies(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) =>
    parse(request, body, (error, value) => done(error && (malformed(body) ?? error), value)),
  )
}

/** Undefined where it is JSON after all, refused for its keys (`__proto__`). */
function malformed(body: string) {
  if (body.trim() === '') return malformedJson('it is empty')
  const errors: ParseError[] = []
  // Node's own parser names no place in a short text.
  jsonc.parse(body, errors, { disallowComments: true })
  const [first] = errors
  if (first === undefined) return undefined
  const lines = body.slice(0, first.offset).split('\n')
  const column = (lines.at(-1) ?? '').length + 1
  return malformedJson(`line ${lines.length}, column ${column} (${jsonc.printParseErrorCode(first.error)})`)
}
