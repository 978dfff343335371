/** An error that a caller may see: what was wrong, where, and what to do about it. */
export class LyceumError extends Error {
  override readonly name = 'LyceumError'
  constructor(
    /** Stable and unique, for programs: `QUIZ_UNKNOWN_OPTION`. */
    readonly code: string,
    readonly status: number,
    message: string,
    /** Where in the input, and what else a client can act on. Never a secret. */
    readonly details?: Readonly<Record<string, unknown>>,
  ) {
    super(message)
  }
}

export interface ErrorDeclaration<Args extends unknown[]> {
  readonly code: string
  readonly status: number
  (...args: Args): LyceumError
}

const declared = new Map<string, number>()

/** Every code with its HTTP status, of the modules that are loaded. */
export const declaredErrors: ReadonlyMap<string, number> = declared

/**
 * Declares an error once, with its code, HTTP status and message.
 *
 * @throws Error where the code is taken already: codes are unique across all domains.
 */
export function defineError<Args extends unknown[]>(
  code: string,
  status: number,
  describe: (...args: Args) => string | { message: string; details: Record<string, unknown> },
): ErrorDeclaration<Args> {
  if (declared.has(code)) throw new Error(`The error code ${code} is declared twice`)
  declared.set(code, status)
  const create = (...args: Args) => {
    const description = describe(...args)
    return typeof description === 'string'
      ? new LyceumError(code, status, description)
      : new LyceumError(code, status, description.message, description.details)
  }
  return Object.assign(create, { code, status })
}

export const invalidInput = defineError(
  'INVALID_INPUT',
  400,
  (problems: ReadonlyArray<{ path: string; message: string }>) => ({
    message: problems.map(p => (p.path === '' ? p.message : `${p.path}: ${p.message}`)).join('; '),
    details: { problems },
  }),
)
export const malformedJson = defineError(
  'MALFORMED_JSON',
  400,
  (where: string) => `The body is no JSON: ${where}.`,
)
/** What a framework refuses, in its own words. */
export const badRequest = defineError('BAD_REQUEST', 400, (message: string) => message)
export const notFound = defineError('NOT_FOUND', 404, (what: string) => `There is no such ${what}.`)
export const unauthenticated = defineError('UNAUTHENTICATED', 401, () => 'Sign in first: this needs a user.')
export const forbidden = defineError('FORBIDDEN', 403, (what: string) => `You may not ${what}.`)
export const methodNotAllowed = defineError('METHOD_NOT_ALLOWED', 405, (message: string) => message)
export const bodyTooLarge = defineError('BODY_TOO_LARGE', 413, (limit: number) => ({
  message: `The body is too large: send at most ${limit} bytes.`,
  details: { limit },
}))
export const unsupportedMediaType = defineError(
  'UNSUPPORTED_MEDIA_TYPE',
  415,
  (accepted: readonly string[]) => ({
    message: `Send ${accepted.join(' or ')}, and say so in the header 'content-type'.`,
    details: { accepted },
  }),
)
/** What happened is in the log, under the request's id. */
export const internal = defineError(
  'INTERNAL',
  500,
  () => 'Something went wrong on our side. The request id helps us find it.',
)
export const unavailable = defineError('UNAVAILABLE', 503, (what: string) => `${what} Try again shortly.`)
export const noWorkerAnswered = defineError(
  'NO_WORKER_ANSWERED',
  504,
  (milliseconds: number) =>
    `No worker answered within ${milliseconds} ms. See that a worker runs, then try again.`,
)
