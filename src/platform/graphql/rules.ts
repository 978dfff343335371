import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives'
import {
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'

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
      context.reportError(
        new GraphQLError('Send one operation in a document: this one has several.', {
          nodes: operations.slice(1),
          extensions: { code: 'SEVERAL_OPERATIONS' },
        }),
      )
    }
  },
})

/** Queries and mutations go over HTTP, where they are limited and logged as requests. */
const subscriptionsOnly: ValidationRule = context => ({
  OperationDefinition(node) {
    if (node.operation !== 'subscription') {
      context.reportError(
        new GraphQLError('Only subscriptions go over a socket: send this one over HTTP.', {
          nodes: node,
          extensions: { code: 'NOT_A_SUBSCRIPTION' },
        }),
      )
    }
  },
})

/** The rules of graphql-armor throw by default: reported, a limit reads like any other fault of the document. */
const reported = {
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null, error: GraphQLError) =>
      context?.reportError(
        new GraphQLError(error.message.replace(/^Syntax Error: /, ''), {
          extensions: { code: 'DOCUMENT_TOO_COMPLEX' },
        }),
      ),
  ],
}

/** What a document is checked against besides the specification's rules: its work is bounded by its text. */
export function limitRules({ introspection }: { introspection: boolean }): ValidationRule[] {
  return [
    singleOperation,
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
