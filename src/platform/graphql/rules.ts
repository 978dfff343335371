import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives'
import {
  type GraphQLError,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import { defineError } from '../errors.js'
import { asGraphqlError } from './errors.js'
import { noListInItself } from './list-nesting.js'

const severalOperations = defineError(
  'SEVERAL_OPERATIONS',
  400,
  () => 'Send one operation in a document: this one has several.',
)
const notASubscription = defineError(
  'NOT_A_SUBSCRIPTION',
  400,
  () => 'Only subscriptions go over a socket: send this one over HTTP.',
)
const documentTooComplex = defineError('DOCUMENT_TOO_COMPLEX', 400, (limit: string) => limit)

/** What the text of a document may hold; a whole lesson page takes some 200, GraphiQL's introspection 350. */
export const maxTokens = 2_000

/**
 * One operation a document: with its JIT, mercurius picks the operation by the query's text and ignores
 * `operationName`, so that the wrong one of two could run.
 */
const singleOperation: ValidationRule = context => ({
  Document(document) {
    const operations = document.definitions.filter(definition => definition.kind === 'OperationDefinition')
    if (operations.length > 1) {
      context.reportError(asGraphqlError(severalOperations(), operations.slice(1)))
    }
  },
})

/** Queries and mutations go over HTTP, where they are limited and logged as requests. */
const subscriptionsOnly: ValidationRule = context => ({
  OperationDefinition(node) {
    if (node.operation !== 'subscription') {
      context.reportError(asGraphqlError(notASubscription(), [node]))
    }
  },
})

/** The rules of graphql-armor throw by default: reported, a limit reads like any other fault of the document. */
const reported = {
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null, error: GraphQLError) =>
      context?.reportError(asGraphqlError(documentTooComplex(error.message.replace(/^Syntax Error: /, '')))),
  ],
}

/** What a document is checked against besides the specification's rules: its work is bounded by its text. */
export function limitRules({ introspection }: { introspection: boolean }): ValidationRule[] {
  return [
    singleOperation,
    noListInItself,
    // An empty list: the default one lets any number of `__typename` aliases pass.
    maxAliasesRule({ n: 30, allowList: [], ...reported }),
    maxDirectivesRule({ n: 10, ...reported }),
    maxDepthRule({ n: 12, ignoreIntrospection: true, ...reported }),
    ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
  ]
}

/** Every rule for a document that comes over a socket. */
export function socketRules(options: { introspection: boolean }): ValidationRule[] {
  return [...specifiedRules, ...limitRules(options), subscriptionsOnly]
}
