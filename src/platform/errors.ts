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

const declared = new Set<string>()

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
  declared.add(code)
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
export const notFound = defineError('NOT_FOUND', 404, (what: string) => `There is no such ${what}.`)
export const unauthenticated = defineError('UNAUTHENTICATED', 401, () => 'Sign in first: this needs a user.')
export const forbidden = defineError('FORBIDDEN', 403, (what: string) => `You may not ${what}.`)
export const unavailable = defineError('UNAVAILABLE', 503, (what: string) => `${what} Try again shortly.`)
export const noWorkerAnswered = defineError(
  'NO_WORKER_ANSWERED',
  504,
  (milliseconds: number) =>
    `No worker answered within ${milliseconds} ms. See that a worker runs, then try again.`,
)
