import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import type { CourseFolder, Mention } from './course-folder.js'

const maxYamlBytes = 512 * 1024

/** What a YAML file says, and where it says it. */
export interface YamlFile<Value> {
  readonly file: string
  readonly value: Value
  /** The line of the value at a path, or of the nearest one around it. */
  lineOf(path: readonly PropertyKey[]): number
  /** The line on which the text at a path begins: that of a block is the one below its `|`. */
  textLineOf(path: readonly PropertyKey[]): number
}

interface ReadOptions {
  readonly optional?: boolean
  /** Who names the file: where it cannot be read, the fault is there. */
  readonly mention?: Mention
}

/**
 * Reads a YAML file and parses it by a schema. undefined where it is missing or wrong; what is wrong is noted.
 * Doubled keys and aliases are refused: the first hide a mistake, the second can grow without bound.
 */
export async function readYaml<Schema extends z.ZodType>(
  folder: CourseFolder,
  path: string,
  schema: Schema,
  { mention, ...options }: ReadOptions = {},
): Promise<YamlFile<z.output<Schema>> | undefined> {
  const { problems } = folder
  const file = folder.nameOf(path)
  const text = await folder.readText(path, maxYamlBytes, mention, options)
  if (text === undefined) return undefined
  const lines = new LineCounter()
  let document: Document.Parsed
  let content: unknown
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      strict: true,
      uniqueKeys: true,
      prettyErrors: false,
    })
    const faults = [...document.errors, ...document.warnings]
    for (const fault of faults) problems.add(file, lines.linePos(fault.pos[0]).line, fault.message)
    if (faults.length > 0) return undefined
    const alias = findAlias(document)
    if (alias !== undefined) {
      const reason = 'aliases (*name) are not allowed: write the value out'
      problems.add(file, lines.linePos(alias).line, reason)
      return undefined
    }
    content = document.toJS()
  } catch (error) {
    // Brackets within brackets by the thousand exhaust the stack.
    problems.add(
      file,
      1,
      `is not readable as YAML (${error instanceof Error ? error.message : String(error)})`,
    )
    return undefined
  }
  const parsed = schema.safeParse(content)
  if (parsed.success) return { file, value: parsed.data, lineOf, textLineOf }
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        problems.add(file, lineOfKey(issue.path, key), `${place([...issue.path, key])}: is not a known key`)
      }
    } else problems.add(file, lineOf(issue.path), `${place(issue.path)}: ${issue.message}`)
  }
  return undefined

  function lineOf(path: readonly PropertyKey[]): number {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }

  function textLineOf(path: readonly PropertyKey[]): number {
    const node = document.getIn(path, true)
    const isBlock = isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED')
    return lineOf(path) + (isBlock ? 1 : 0)
  }

  function lineOfKey(path: readonly PropertyKey[], key: string): number {
    const map = path.length === 0 ? document.contents : document.getIn(path, true)
    const pair = isMap(map) ? map.items.find(item => isScalar(item.key) && item.key.value === key) : undefined
    return isScalar(pair?.key) && pair.key.range ? lines.linePos(pair.key.range[0]).line : lineOf(path)
  }
}

/** Where the first alias of a document stands, as an offset in its text. */
function findAlias(document: Document.Parsed): number | undefined {
  let offset: number | undefined
  visit(document, {
    Alias(_, { range }) {
      offset = range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return offset
}

function place(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.')
}
