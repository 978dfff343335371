import type { FastifyRequest } from 'fastify'

/** Whether the client holds the very answer that has this tag (RFC 9110, section 13.1.2). */
export function isHeld({ headers }: Pick<FastifyRequest, 'headers'>, tag: string): boolean {
  const held = headers['if-none-match']?.split(',').map(part => part.trim().replace(/^W\//, ''))
  return held?.some(candidate => candidate === tag || candidate === '*') ?? false
}
