import {
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql'
import { defineError } from '../errors.js'
import { asGraphqlError } from './errors.js'

const listInItself = defineError('LIST_IN_ITSELF', 400, (field: string) => ({
  message: `Ask for the list ${field} once on a way down, not again within itself.`,
  details: { field },
}))

/**
 * No list within itself: the lessons of the course of each lesson of a course are the same lessons over, and each
 * round multiplies the answer by their number, however short the document.
 */
export const noListInItself: ValidationRule = context => ({
  OperationDefinition(operation) {
    const schema = context.getSchema()
    const root = schema.getRootType(operation.operation)
    const found =
      root && findRepeatedList(schema, root.name, operation.selectionSet, name => context.getFragment(name))
    if (found) context.reportError(asGraphqlError(listInItself(found), [operation]))
  },
})

function findRepeatedList(
  schema: GraphQLSchema,
  rootName: string,
  rootSelection: SelectionSetNode,
  fragmentOf: (name: string) => FragmentDefinitionNode | null | undefined,
): string | undefined {
  // What was looked through once with the same lists above it: fragments may be spread more often than can be walked.
  const seen = new Set<string>()
  return within(rootName, rootSelection, [])

  /** @param lists the lists on the way down, as `Type.field` */
  function within(
    typeName: string,
    { selections }: SelectionSetNode,
    lists: readonly string[],
  ): string | undefined {
    const type = schema.getType(typeName)
    for (const selection of selections) {
      let found: string | undefined
      if (selection.kind === 'Field') {
        if (!selection.selectionSet || !(isObjectType(type) || isInterfaceType(type))) continue
        const field = type.getFields()[selection.name.value]
        if (field === undefined) continue
        const coordinate = `${typeName}.${field.name}`
        const isList = isListType(getNullableType(field.type))
        if (isList && lists.includes(coordinate)) return coordinate
        const below = isList ? [...lists, coordinate] : lists
        found = within(getNamedType(field.type).name, selection.selectionSet, below)
      } else if (selection.kind === 'InlineFragment') {
        found = within(selection.typeCondition?.name.value ?? typeName, selection.selectionSet, lists)
      } else {
        const { value: name } = selection.name
        const key = [name, ...lists].join(' ')
        const fragment = seen.has(key) ? undefined : fragmentOf(name)
        seen.add(key)
        found = fragment ? within(fragment.typeCondition.name.value, fragment.selectionSet, lists) : undefined
      }
      if (found !== undefined) return found
    }
    return undefined
  }
}
