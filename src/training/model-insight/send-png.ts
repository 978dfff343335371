import type { FastifyReply } from 'fastify'

/**
 * Sends a picture that never changes, as long as its run is there. The browser of the one who asked keeps it for a
 * day; with another token or session it asks again, and is answered by what that one may see.
 */
export function sendPng(reply: Pick<FastifyReply, 'type' | 'header' | 'send'>, png: Uint8Array) {
  reply.header('cache-control', 'private, max-age=86400, immutable')
  reply.header('vary', 'authorization, cookie')
  return reply.type('image/png').send(png)
}
