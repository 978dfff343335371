import type { FastifyBaseLogger } from 'fastify'
import { type ASTNode, GraphQLError, type GraphQLFormattedError } from 'graphql'
import { badRequest, internal, LyceumError, methodNotAllowed } from '../errors.js'

/** Where errors are shown, and how much of them. */
export interface ErrorAudience {
  readonly log: FastifyBaseLogger
  readonly requestId: string
  /** Without introspection a mistyped name must not tell the names that are there. */
  readonly suggestions: boolean
}

/**
 * Errors as a client may see them: ours with code and details, the language's own as they are, anything else
 * without what it knows.
 */
export function formatErrors(
  errors: readonly GraphQLError[],
  { log, requestId, suggestions }: ErrorAudience,
): GraphQLFormattedError[] {
  return errors.flatMap(ofDocument).map(error => {
    const { message, locations, path } = error.toJSON()
    const place = {
      ...(locations === undefined ? {} : { locations }),
      ...(path === undefined ? {} : { path }),
    }
    const cause = error.originalError
    if (cause instanceof LyceumError) {
      return { ...place, message: cause.message, extensions: { ...cause.details, code: cause.code } }
    }
    if (cause === undefined || cause === null || cause instanceof GraphQLError) {
      return {
        ...place,
        message: suggestions ? message : message.replace(/ Did you mean .*$/s, ''),
        extensions: { code: badRequest.code, ...error.extensions },
      }
    }
    if (isRefusal(cause)) return { ...place, message, extensions: { code: refusalCode(cause) } }
    log.error({ err: cause, path, requestId }, 'A resolver failed')
    return {
      ...place,
      message: internal().message,
      extensions: { code: internal.code, requestId },
    }
  })
}

/** One of ours where the language asks for one of its own. */
export function asGraphqlError(error: LyceumError, nodes: readonly ASTNode[] = []): GraphQLError {
  return new GraphQLError(error.message, { nodes, originalError: error })
}

/** The HTTP status of a request that never ran: that of its first error, 400 where it has none. */
export function statusOf(errors: readonly GraphQLError[]): number {
  const cause = errors[0]?.originalError
  if (cause === undefined || cause === null || cause instanceof GraphQLError) return 400
  if (cause instanceof LyceumError) return cause.status
  return isRefusal(cause) ? cause.statusCode : 500
}

/** mercurius wraps what is wrong with a document in one error: each of them has its own place. */
function ofDocument(error: GraphQLError): readonly GraphQLError[] {
  const wrapped = error.originalError
  if (wrapped === undefined || !('errors' in wrapped) || !Array.isArray(wrapped.errors)) return [error]
  const inner = wrapped.errors.filter(item => item instanceof GraphQLError)
  return inner.length > 0 ? inner : [error]
}

/** A request that mercurius itself refused: its message is meant for the client. */
function isRefusal(error: Error): error is Error & { statusCode: number } {
  return 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500
}

function refusalCode({ statusCode }: { statusCode: number }): string {
  return statusCode === methodNotAllowed.status ? methodNotAllowed.code : badRequest.code
}
