import type { FastifyBaseLogger } from 'fastify'
import type { ExecutionResult, GraphQLFormattedError } from 'graphql'
import { GraphQLError } from 'graphql'
import { LyceumError } from '../errors.js'

/**
 * An execution's errors as a client may see them: ours with code and details, the language's own as they are,
 * anything else without what it knows.
 */
export function formatErrors(execution: ExecutionResult, log: FastifyBaseLogger, requestId: string) {
  const errors = (execution.errors ?? []).flatMap(ofDocument).map((error): GraphQLFormattedError => {
    const { message, locations, path } = error.toJSON()
    const place = {
      ...(locations === undefined ? {} : { locations }),
      ...(path === undefined ? {} : { path }),
    }
    const cause = error.originalError
    if (cause instanceof LyceumError) {
      return { ...place, message: cause.message, extensions: { code: cause.code, ...cause.details } }
    }
    if (cause === undefined || cause === null || cause instanceof GraphQLError) {
      return { ...place, message, extensions: { code: 'BAD_REQUEST', ...error.extensions } }
    }
    if (isRefusal(cause)) return { ...place, message, extensions: { code: cause.code } }
    log.error({ err: cause, path }, 'A resolver failed')
    return {
      ...place,
      message: 'Something went wrong on our side. The request id helps us find it.',
      extensions: { code: 'INTERNAL', requestId },
    }
  })
  // Per GraphQL over HTTP, data is null only where the operation ran.
  return { ...(execution.data === undefined ? {} : { data: execution.data }), errors }
}

/** mercurius wraps what is wrong with a document in one error: each of them has its own place. */
function ofDocument(error: GraphQLError): readonly GraphQLError[] {
  const wrapped = error.originalError
  if (wrapped === undefined || !('errors' in wrapped) || !Array.isArray(wrapped.errors)) return [error]
  const inner = wrapped.errors.filter(item => item instanceof GraphQLError)
  return inner.length > 0 ? inner : [error]
}

/** A request that mercurius itself refused: its message is meant for the client. */
function isRefusal(error: Error): error is Error & { code: string } {
  return (
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    error.statusCode < 500 &&
    'code' in error &&
    typeof error.code === 'string'
  )
}
