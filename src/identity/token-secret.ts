import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** The prefix lets secret scanners, and people, tell what leaked. */
const format = /^lyc_[A-Za-z0-9_-]{43}$/

/** A new token: 32 random bytes in base64url after `lyc_`. */
export function createTokenSecret(): string {
  return `lyc_${randomBytes(32).toString('base64url')}`
}

export function isTokenSecret(text: string): boolean {
  return format.test(text)
}

/** What is stored of a token. It has 256 bits of randomness, so that a fast hash can't be searched. */
export function hashTokenSecret(secret: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(secret).digest())
}

/**
 * The CSRF token that belongs to a session: an HMAC keyed with the session's own secret, so that nothing more
 * is stored and nobody without the session can make one (OWASP: HMAC-based token bound to the session).
 */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('lyceum csrf token').digest('base64url')
}

export function isCsrfTokenOf(secret: string, candidate: string): boolean {
  const expected = Buffer.from(csrfTokenOf(secret))
  const given = Buffer.from(candidate)
  return expected.length === given.length && timingSafeEqual(expected, given)
}
