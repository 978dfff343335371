import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
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

/**
 * What the OWASP REST Security Cheat Sheet asks of an API's answers, with Helmet's values. An API's answers are no
 * pages: the two that are (GraphiQL, the reference) bring their own policy. Helmet itself puts the same headers
 * together anew for each request, which took a quarter of the time of a lesson query.
 */
const securityHeaders = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  // The figures of a lesson are shown by a frontend on another port or subdomain.
  'cross-origin-resource-policy': 'same-site',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
}

/** What holds for every request, whichever face it asks: headers, origins, cookies, limits. */
export const http = fp(
  async (app: FastifyInstance) => {
    const { corsOrigins } = app.deps.config
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(securityHeaders).header('x-request-id', request.id)
      done()
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
