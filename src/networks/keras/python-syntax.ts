import { parser } from '@lezer/python'
import { KerasError, type Place } from './keras-model.js'

/** A node of Python's syntax tree, as `@lezer/python` names it: `CallExpression`, `VariableName` … */
export type Syntax = ReturnType<typeof parser.parse>['topNode']

/** Gives up at the first error: repairing a hostile text would take seconds. */
const strictParser = parser.configure({ strict: true })

/** A Python text with its syntax tree. Nothing of it is ever executed. */
export class PythonText {
  readonly root: Syntax
  readonly #text: string
  readonly #lineStarts: number[]

  /** @throws KerasError where the text is no Python */
  constructor(text: string) {
    this.#text = text
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map(match => match.index + 1)]
    this.root = this.#parse(text)
  }

  #parse(text: string): Syntax {
    try {
      return strictParser.parse(text).topNode
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      // Its message ends in where the parser was.
      const [offset = '0'] = /\d+$/.exec(error.message) ?? []
      throw new KerasError('this is no Python', this.#placeAt(Number(offset)))
    }
  }

  textOf(node: Syntax): string {
    return this.#text.slice(node.from, node.to)
  }

  placeOf(node: Syntax): Place {
    return this.#placeAt(node.from)
  }

  #placeAt(offset: number): Place {
    // The last line that begins at or before it, by halves: long texts ask often.
    let [line, end] = [0, this.#lineStarts.length]
    while (end - line > 1) {
      const middle = (line + end) >> 1
      if ((this.#lineStarts[middle] ?? 0) <= offset) line = middle
      else end = middle
    }
    return { line: line + 1, column: offset - (this.#lineStarts[line] ?? 0) + 1 }
  }
}

/** A node's parts in order, without comments. */
export function partsOf(node: Syntax): Syntax[] {
  const parts: Syntax[] = []
  for (let part = node.firstChild; part; part = part.nextSibling) {
    if (part.name !== 'Comment') parts.push(part)
  }
  return parts
}

/** What stands between separators: `a, b` gives the parts of `a` and those of `b`. */
export function split(parts: readonly Syntax[], separator: string): Syntax[][] {
  const groups: Syntax[][] = [[]]
  for (const part of parts) {
    if (part.name === separator) groups.push([])
    else groups.at(-1)?.push(part)
  }
  return groups
}
