import { defineError } from '../platform/errors.js'

export const scopeRequired = defineError('SCOPE_REQUIRED', 403, (scope: string) => ({
  message: `This needs the scope '${scope}', which your role or your token does not have.`,
  details: { scope },
}))
export const sessionRequired = defineError(
  'SESSION_REQUIRED',
  403,
  () => 'An API token may not manage the account: sign in with the password to do this.',
)
/** One answer for an unknown address, a wrong password and a disabled account. */
export const signInRefused = defineError(
  'SIGN_IN_REFUSED',
  401,
  () => 'The e-mail address or the password is wrong, or the account is disabled.',
)
/** One answer for a token that never was, has expired or was revoked, and for a disabled account. */
export const tokenInvalid = defineError(
  'TOKEN_INVALID',
  401,
  () => 'The token is not valid, or not any more: sign in again.',
)
export const tooManySignIns = defineError('TOO_MANY_SIGN_INS', 429, (retryAfterSeconds: number) => ({
  message: `Too many attempts to sign in: try again in ${retryAfterSeconds} s.`,
  details: { retryAfterSeconds },
}))
export const currentPasswordWrong = defineError(
  'CURRENT_PASSWORD_WRONG',
  403,
  () => 'The current password is wrong: the password was not changed.',
)
export const csrfRefused = defineError(
  'CSRF_REFUSED',
  403,
  () =>
    "A request that the cookie signs in and that changes something needs the header 'x-csrf-token' " +
    "(its value: GET /api/v1/session, 'csrfToken').",
)
export const originRefused = defineError(
  'ORIGIN_REFUSED',
  403,
  () => 'The cookie does not sign in requests of this origin: allow it in LYCEUM_CORS_ORIGINS.',
)
export const emailTaken = defineError('EMAIL_TAKEN', 409, (email: string) => ({
  message: `There is a user with the e-mail address ${email} already.`,
  details: { email },
}))
export const lastAdmin = defineError(
  'LAST_ADMIN',
  409,
  () => 'This is the last admin who can sign in: make another one first.',
)
export const tooManyTokens = defineError(
  'TOO_MANY_TOKENS',
  409,
  (most: number) => `A user has at most ${most} API tokens: revoke one first.`,
)
