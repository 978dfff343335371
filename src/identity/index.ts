import cookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { restScope } from '../platform/http.js'
import { authenticateRequest } from './authentication.js'
import { createBrowserSession } from './browser-session.js'
import { createIdentityService, type IdentityService } from './identity-service.js'
import { identityResolvers } from './resolvers.js'
import { identityRoutes } from './routes.js'
import { createSignInLimit } from './sign-in-limit.js'
import { TokenCache } from './token-cache.js'

declare module 'fastify' {
  interface FastifyInstance {
    readonly identity: IdentityService
  }
}

/** Users, tokens, and who is asking. */
export const identity = fp(
  async (app: FastifyInstance) => {
    const { config, database, notifications } = app.deps
    const cache = new TokenCache()
    const stopListening = [
      notifications.on('token_revoked', tokenId => cache.drop(tokenId)),
      notifications.onReconnected(() => cache.clear()),
    ]
    app.addHook('onClose', async () => {
      for (const stop of stopListening) stop()
    })

    const service = createIdentityService(database, cache)
    app.decorate('identity', service)
    app.decorateRequest('actor')
    app.decorateRequest('sessionSecret')
    if (!app.hasRequestDecorator('cookies')) await app.register(cookie)
    app.addHook('onRequest', authenticateRequest)

    const sessions = createBrowserSession(service, createSignInLimit(database, config.signInLimit))
    app.schemaParts.add({
      sdl: new URL('./identity.graphql', import.meta.url),
      resolvers: identityResolvers(service, sessions),
    })
    await restScope(app, rest => identityRoutes(rest, sessions))
  },
  { name: 'identity', dependencies: ['problems', 'schema-parts'] },
)
