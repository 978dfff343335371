import type { DocumentNode, OperationTypeNode } from 'graphql'

/** What a checked document asks for: its operation, and the fields of its first level, fragments not opened. */
export function readRootFields({ definitions }: DocumentNode): {
  operation: OperationTypeNode
  fields: string[]
} {
  const operation = definitions.find(definition => definition.kind === 'OperationDefinition')
  if (operation === undefined) throw new Error('A checked document has an operation')
  const fields = operation.selectionSet.selections.map(selection =>
    selection.kind === 'Field' ? selection.name.value : 'fragment',
  )
  return { operation: operation.operation, fields }
}
