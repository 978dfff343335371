import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { invalidInput, LyceumError, notFound } from './errors.js'

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
      const known = toLyceumError(error)
      if (known.status >= 500) request.log.error({ err: error }, 'A request failed')
      return sendProblem(reply, known, request)
    })
    app.setNotFoundHandler((request, reply) =>
      sendProblem(reply, notFound(`address: ${request.method} ${request.url.split('?')[0]}`), request),
    )
  },
  { name: 'problems' },
)

/** The error that a caller may see: ours as it is, a framework's with its message, anything else without. */
export function toLyceumError(error: unknown): LyceumError {
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
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'BAD_REQUEST'
    if (error.statusCode < 500) return new LyceumError(code, error.statusCode, error.message)
  }
  return new LyceumError(
    'INTERNAL',
    500,
    'Something went wrong on our side. The request id helps us find it.',
  )
}

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
  return reply
    .code(error.status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem))
}
