import { readFileSync } from 'node:fs'
import { makeExecutableSchema } from '@graphql-tools/schema'
import { type DocumentNode, type GraphQLSchema, Kind, parse } from 'graphql'
import { scalars } from './scalars.js'
import type { SchemaParts } from './schema-parts.js'

const base = parse(readFileSync(new URL('./base.graphql', import.meta.url), 'utf8'))

/**
 * One executable schema of the domains' parts.
 *
 * @throws Error where the SDL is not valid, or a resolver has no field in it
 */
export function buildSchema(parts: SchemaParts): GraphQLSchema {
  const extensions = parse(parts.sdl)
  return makeExecutableSchema({
    typeDefs: [withoutEmptyTypes(base, extensions), extensions],
    resolvers: [scalars, parts.resolvers],
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  })
}

/** The base declares Query, Mutation and Subscription without a field: one that nobody extends is left out. */
function withoutEmptyTypes(document: DocumentNode, extensions: DocumentNode): DocumentNode {
  const extended = new Set(
    extensions.definitions.flatMap(node =>
      node.kind === Kind.OBJECT_TYPE_EXTENSION ? [node.name.value] : [],
    ),
  )
  return {
    ...document,
    definitions: document.definitions.filter(
      node =>
        node.kind !== Kind.OBJECT_TYPE_DEFINITION ||
        (node.fields ?? []).length > 0 ||
        extended.has(node.name.value),
    ),
  }
}
