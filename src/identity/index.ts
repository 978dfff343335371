import cookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { authenticateRequest } from './authentication.js'
import { createIdentityService, type IdentityService } from './identity-service.js'
import { TokenCache } from './token-cache.js'

declare module 'fastify' {
  interface FastifyInstance {
    readonly identity: IdentityService
  }
}

/** Users, tokens, and who is asking. */
export const identity = fp(
  async (app: FastifyInstance) => {
    const { database, notifications } = app.deps
    const cache = new TokenCache()
    const stopListening = [
      notifications.on('token_revoked', tokenId => cache.drop(tokenId)),
      notifications.onReconnected(() => cache.clear()),
    ]
    app.addHook('onClose', async () => {
      for (const stop of stopListening) stop()
    })

    app.decorate('identity', createIdentityService(database, cache))
    app.decorateRequest('actor')
    app.decorateRequest('sessionSecret')
    if (!app.hasRequestDecorator('cookies')) await app.register(cookie)
    app.addHook('onRequest', authenticateRequest)
  },
  { name: 'identity', dependencies: ['problems', 'schema-parts'] },
)
