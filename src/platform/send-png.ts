import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isHeld } from './entity-tag.js'

/**
 * Sends a picture that not everybody may see. A browser may keep it and yet asks each time before it shows it: what
 * was deleted, or is another's, is gone at once. The caller has checked who asks.
 */
export function sendPng(
  request: Pick<FastifyRequest, 'headers'>,
  reply: Pick<FastifyReply, 'type' | 'header' | 'code' | 'send'>,
  png: Uint8Array,
) {
  const tag = `"${createHash('sha256').update(png).digest('base64url')}"`
  reply.header('cache-control', 'private, no-cache').header('etag', tag)
  return isHeld(request, tag) ? reply.code(304).send() : reply.type('image/png').send(png)
}
