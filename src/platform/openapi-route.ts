import type { FastifySchema } from 'fastify'
import { z } from 'zod'

/** The `security` of a route that needs a user: who is none is refused before anything else is looked at. */
export const forUsers = [{ bearer: [] }, { cookie: [] }]
/** That of a route that anyone may ask, and that may show a user more. */
export const forAnyone = [{}, ...forUsers]

/** Whether a route's `security` leaves no way in for who is not signed in. */
export function needsUser({ security = [] }: FastifySchema = {}): boolean {
  return security.length > 0 && security.every(requirement => Object.keys(requirement).length > 0)
}

const problem = z
  .looseObject({
    type: z.literal('about:blank'),
    title: z.string().describe('What the status is called.'),
    status: z.int(),
    detail: z.string().describe('What was wrong, and what to do about it.'),
    code: z.string().describe('Stable, for programs.'),
    requestId: z.string(),
    problems: z
      .array(
        z.object({
          path: z.string(),
          message: z.string(),
          line: z.int().optional().describe('In a text that was sent, such as a program.'),
          column: z.int().optional(),
        }),
      )
      .optional()
      .describe('With INVALID_INPUT and the like: every place that is wrong.'),
  })
  .register(z.globalRegistry, { id: 'Problem', description: 'An error, as RFC 9457 has it.' })

const says = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
})

/** A route's schema with what every route can answer, for the document: errors have no part in serialisation. */
export function describeRoute<Schema extends FastifySchema>(
  schema: Schema,
  url: string,
  method: string | readonly string[],
): Schema {
  const response = typeof schema.response === 'object' ? schema.response : {}
  const hasInput = schema.params ?? schema.querystring ?? schema.body ?? schema.headers
  const changes = method !== 'GET' && method !== 'HEAD'
  return {
    ...schema,
    // A page that a cookie signs in needs the session's CSRF token beside it.
    ...(schema.security && changes
      ? { security: schema.security.map(one => ('cookie' in one ? { ...one, csrf: [] } : one)) }
      : {}),
    response: {
      ...response,
      // What is streamed has no schema to be serialised by.
      ...(schema.produces
        ? {
            200: {
              description: 'The stream.',
              content: Object.fromEntries(schema.produces.map(type => [type, { schema: z.string() }])),
            },
          }
        : {}),
      ...(hasInput ? { 400: says('What was sent is not valid.') } : {}),
      ...(needsUser(schema)
        ? { 401: says('Nobody is signed in, or the token is not valid.'), 403: says('Not allowed.') }
        : {}),
      ...(url.includes('{') || url.includes(':') ? { 404: says('There is none, or none for you.') } : {}),
      ...(schema.body || schema.consumes
        ? { 413: says('The body is too large.'), 415: says('The body is of another type.') }
        : {}),
      default: says('Any other error.'),
    },
  }
}

/** A body that is, or may be, a file: the schema is that of the JSON alone. */
export function describeBody(transformed: { schema: FastifySchema; url: string }) {
  const { schema, url } = transformed
  if (schema.consumes === undefined) return transformed
  const describe = (type: string) =>
    type === 'application/json' ? schema.body : { type: 'string', contentMediaType: type }
  const content = Object.fromEntries(schema.consumes.map(type => [type, { schema: describe(type) }]))
  return { schema: { ...schema, body: { content } }, url }
}
