import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import fp from 'fastify-plugin'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { defineError } from './errors.js'
import { readJsonBodies } from './json-body.js'

export const tooManyRequests = defineError('TOO_MANY_REQUESTS', 429, (retryAfterSeconds: number) => ({
  message: `Too many requests from this address: try again in ${retryAfterSeconds} s.`,
  details: { retryAfterSeconds },
}))

/** What one address may ask in a minute. Far above a class behind one address, far below a flood. */
const requestsPerMinute = 6_000

/** A proxy on this machine speaks for everyone behind it; LYCEUM_TRUST_PROXY tells them apart. */
const thisMachine = ['127.0.0.1', '::1', '::ffff:127.0.0.1']

/** The policy of the pages that Lyceum serves: everything from here, but for the style elements of their editors. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** What holds for every request, whichever face it asks: headers, origins, cookies, limits. */
export const http = fp(
  async (app: FastifyInstance) => {
    const { corsOrigins } = app.deps.config
    await app.register(helmet, {
      // An API's answers are no pages. The two that are (GraphiQL, the reference) bring their own policy.
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      // The figures of a lesson are shown by a frontend on another port or subdomain.
      crossOriginResourcePolicy: { policy: 'same-site' },
      // The policy above forbids frames already, and these tell old browsers how to treat pages.
      frameguard: false,
      ieNoOpen: false,
      xssFilter: false,
      dnsPrefetchControl: false,
      permittedCrossDomainPolicies: false,
      originAgentCluster: false,
    })
    await app.register(cors, {
      origin: corsOrigins.length > 0 ? [...corsOrigins] : false,
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: ['x-request-id', 'retry-after'],
      maxAge: 600,
    })
    readJsonBodies(app)
    await app.register(cookie)
    await app.register(rateLimit, { global: false })

    const countOf = app.createRateLimit({
      max: requestsPerMinute,
      timeWindow: 60_000,
      allowList: thisMachine,
    })
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
      const count = await countOf(request)
      if (count.isAllowed || !count.isExceeded) return
      reply.header('retry-after', count.ttlInSeconds)
      throw tooManyRequests(count.ttlInSeconds)
    })
  },
  { name: 'http' },
)

/** An instance whose routes are typed, checked and serialised by their zod schemas. */
export type RestInstance = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  ZodTypeProvider
>

/**
 * Registers a domain's REST routes below `/api/v1`. In a scope of their own: on the root, zod's compilers would
 * be asked to read the JSON schemas of mercurius.
 */
export async function restScope(
  app: FastifyInstance,
  routes: (rest: RestInstance) => void | Promise<void>,
): Promise<void> {
  await app.register(
    async scope => {
      scope.setValidatorCompiler(validatorCompiler)
      scope.setSerializerCompiler(serializerCompiler)
      await routes(scope.withTypeProvider<ZodTypeProvider>())
    },
    { prefix: '/api/v1' },
  )
}
