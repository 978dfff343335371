import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import {
  badRequest,
  bodyTooLarge,
  internal,
  invalidInput,
  LyceumError,
  notFound,
  unsupportedMediaType,
} from './errors.js'

/** An error as RFC 9457 (problem+json) has it, with Lyceum's own `code`. */
export interface Problem {
  type: 'about:blank'
  title: string
  status: number
  detail: string
  code: string
  [detail: string]: unknown
}

/** Every error of the REST face leaves as problem+json; what a 5xx knows stays in the log. */
export const problems = fp(
  async (app: FastifyInstance) => {
    app.setErrorHandler((error: FastifyError | LyceumError, request, reply) => {
      const known = toLyceumError(error, request)
      if (known.status >= 500) request.log.error({ err: error }, 'A request failed')
      return sendProblem(reply, known, request)
    })
    app.setNotFoundHandler((request, reply) =>
      sendProblem(reply, notFound(`address: ${request.method} ${request.url.split('?')[0]}`), request),
    )
  },
  { name: 'problems' },
)

/** What is refused before there is a route, such as an address that cannot be decoded. */
export function sendFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  sendProblem(reply, badRequest(error.message), request)
}

/** The error that a caller may see: ours as it is, a framework's with its message, anything else without. */
function toLyceumError(error: unknown, { routeOptions }: FastifyRequest): LyceumError {
  if (error instanceof LyceumError) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    return invalidInput(
      error.validation.map(issue => ({
        path: [error.validationContext, ...issue.instancePath.split('/').filter(part => part !== '')].join(
          '.',
        ),
        message: issue.message ?? 'is not valid',
      })),
    )
  }
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    if (error.statusCode === 413) return bodyTooLarge(routeOptions.bodyLimit)
    if (error.statusCode === 415) return unsupportedMediaType(routeOptions.schema?.consumes ?? jsonOnly)
    if (error.statusCode < 500) return badRequest(error.message)
  }
  return internal()
}

const jsonOnly = ['application/json']

function sendProblem(reply: FastifyReply, error: LyceumError, request: FastifyRequest) {
  const problem: Problem = {
    ...error.details,
    type: 'about:blank',
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    code: error.code,
    requestId: request.id,
  }
  // RFC 9110, section 11.6.1: who has to sign in is told how.
  if (error.status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(error.status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem))
}
