import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** A domain's share of the GraphQL schema. */
export interface SchemaPart {
  /** The address of the SDL file beside the domain: `new URL('./catalog.graphql', import.meta.url)`. */
  sdl: URL
  /** Resolvers by type, loaders not included. Each takes its arguments as they come and gives them to a service. */
  resolvers: Record<string, Record<string, unknown>>
}

export interface SchemaParts {
  add(part: SchemaPart): void
  readonly sdl: string
  readonly resolvers: Record<string, Record<string, unknown>>
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly schemaParts: SchemaParts
  }
}

/** Collects the domains' parts; the GraphQL plugin, registered last, makes one schema of them. */
export const schemaParts = fp(
  async (app: FastifyInstance) => {
    const sdl: string[] = []
    const resolvers: Record<string, Record<string, unknown>> = {}
    app.decorate('schemaParts', {
      add(part) {
        sdl.push(readFileSync(part.sdl, 'utf8'))
        for (const [type, fields] of Object.entries(part.resolvers)) {
          resolvers[type] = { ...resolvers[type], ...fields }
        }
      },
      get sdl() {
        return sdl.join('\n')
      },
      resolvers,
    } satisfies SchemaParts)
  },
  { name: 'schema-parts' },
)
