import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { CourseFolder } from './course-folder.js'

const maxYamlBytes = 512 * 1024

/** What a YAML file says, and where it says it. */
export interface YamlFile<Value> {
  readonly file: string
  readonly value: Value
  /** The line of the value at a path, or of the nearest one around it. */
  lineOf(path: readonly PropertyKey[]): number
}

/**
 * Reads a YAML file and parses it by a schema. undefined where it is missing or wrong; what is wrong is noted.
 * Doubled keys and aliases are refused: the first hide a mistake, the second can grow without bound.
 */
export async function readYaml<Schema extends z.ZodType>(
  folder: CourseFolder,
  path: string,
  schema: Schema,
  options: { optional?: boolean } = {},
): Promise<YamlFile<z.output<Schema>> | undefined> {
  const { problems } = folder
  const file = folder.nameOf(path)
  const text = await folder.readText(path, maxYamlBytes, undefined, options)
  if (text === undefined) return undefined
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    strict: true,
    uniqueKeys: true,
    prettyErrors: false,
  })
  const faults = [...document.errors, ...document.warnings]
  for (const fault of faults) problems.add(file, lines.linePos(fault.pos[0]).line, fault.message)
  if (faults.length > 0) return undefined

  let content: unknown
  try {
    content = document.toJS({ maxAliasCount: 0 })
  } catch {
    problems.add(file, 1, 'aliases (*name) are not allowed: write the value out')
    return undefined
  }
  const parsed = schema.safeParse(content)
  if (parsed.success) return { file, value: parsed.data, lineOf }
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

  function lineOfKey(path: readonly PropertyKey[], key: string): number {
    const map = path.length === 0 ? document.contents : document.getIn(path, true)
    const pair = isMap(map) ? map.items.find(item => isScalar(item.key) && item.key.value === key) : undefined
    return isScalar(pair?.key) && pair.key.range ? lines.linePos(pair.key.range[0]).line : lineOf(path)
  }
}

function place(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.')
}
