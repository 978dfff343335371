import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives'
import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql'

/**
 * One operation a document: with its JIT, mercurius picks the operation by the query's text and ignores
 * `operationName`, so that the wrong one of two could run.
 */
function singleOperation(context: ValidationContext): ASTVisitor {
  return {
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
  }
}

export const queryDepth = 12

/** What every document is checked against before it runs: its work is bounded by its text. */
export const rules = [
  singleOperation,
  // An empty list: the default one lets any number of `__typename` aliases pass.
  maxAliasesRule({ n: 30, allowList: [] }),
  maxDirectivesRule({ n: 10 }),
]
