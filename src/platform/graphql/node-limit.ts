import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLSchema,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
} from 'graphql'
import { type ComplexityEstimatorArgs, getComplexity } from 'graphql-query-complexity'
import { defineError } from '../errors.js'
import { defaultPage } from '../pagination.js'

/** How many items of lists one operation may ask for, those of lists within lists multiplied. */
export const maxNodes = 20_000

const tooManyNodes = defineError('TOO_MANY_NODES', 400, (nodes: number) => ({
  message:
    `The query asks for up to ${nodes} items of lists, and at most ${maxNodes} are given at once: ask for ` +
    `smaller pages by 'first' or 'last', or for the lists within them one by one.`,
  details: { nodes, limit: maxNodes },
}))

/**
 * Counts what an operation asks for before it runs, as GitHub's node limit does: a page as many items as its
 * `first` or `last` says, another list as many as its `@listSize` assumes, each with what is asked within it.
 *
 * @returns what throws TOO_MANY_NODES for an operation over the limit
 * @throws Error where a list of the schema says nothing of its size
 */
export function limitNodes(schema: GraphQLSchema): (document: DocumentNode, variables?: object) => void {
  requireSizes(schema)
  const sizeDirective = schema.getDirective('listSize')
  /** The documents whose count hangs on no variable: theirs is computed once. */
  const fixed = new WeakMap<DocumentNode, number>()

  function countNodes({ field, type, args, childComplexity }: ComplexityEstimatorArgs): number {
    if (!isCompositeType(getNamedType(field.type))) return 0
    const asked = args.first ?? args.last
    if (isConnection(field)) return size(asked ?? defaultPage) * childComplexity
    if (!isListType(getNullableType(field.type))) return childComplexity
    // A connection has multiplied already: here is one of its items.
    if (isEdgeList(type.name, field)) return 1 + childComplexity
    return size(asked ?? assumedSize(field)) * (1 + childComplexity)
  }

  function assumedSize({ astNode }: GraphQLField<unknown, unknown>): number {
    const values = sizeDirective && astNode && getDirectiveValues(sizeDirective, astNode)
    return Number(values?.assumedSize ?? 0)
  }

  return (document, variables = {}) => {
    const known = fixed.get(document)
    const nodes =
      known ??
      getComplexity({ schema, query: document, variables: { ...variables }, estimators: [countNodes] })
    if (known === undefined && !hangsOnVariables(document)) fixed.set(document, nodes)
    if (nodes > maxNodes) throw tooManyNodes(nodes)
  }

  function requireSizes(schema: GraphQLSchema) {
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || type.name.startsWith('__')) continue
      for (const field of Object.values(type.getFields())) {
        if (!isListType(getNullableType(field.type)) || !isCompositeType(getNamedType(field.type))) continue
        const isPage = isEdgeList(type.name, field) || field.args.some(({ name }) => name === 'first')
        const isSized = field.astNode?.directives?.some(({ name }) => name.value === 'listSize')
        if (!isPage && !isSized) throw new Error(`${type.name}.${field.name}: say its @listSize.`)
      }
    }
  }
}

/** Sizes of pages are of type Int, and what `@skip` and `@include` hang on is Boolean. */
function hangsOnVariables({ definitions }: DocumentNode): boolean {
  return definitions.some(
    definition =>
      definition.kind === 'OperationDefinition' &&
      definition.variableDefinitions?.some(({ type }) => {
        const inner = type.kind === 'NonNullType' ? type.type : type
        return inner.kind === 'NamedType' && ['Int', 'Boolean'].includes(inner.name.value)
      }),
  )
}

function isConnection(field: GraphQLField<unknown, unknown>): boolean {
  return getNamedType(field.type).name.endsWith('Connection')
}

function isEdgeList(typeName: string, { name }: GraphQLField<unknown, unknown>): boolean {
  return name === 'edges' && typeName.endsWith('Connection')
}

/** What is no size is refused when the list is read. */
function size(asked: unknown): number {
  return typeof asked === 'number' && asked > 0 ? asked : 0
}
