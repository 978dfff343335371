import { KerasError, type Place } from './keras-model.js'
import { type PythonText, partsOf, type Syntax, split } from './python-syntax.js'
import { isOfModel, type Value } from './python-values.js'

/** The arguments of a call: those without a name, then those with one. */
export interface Arguments {
  positional: readonly Value[]
  named: ReadonlyMap<string, Value>
}

/** What the meaning of expressions depends on. */
export interface Meaning {
  /** A variable, or a name that is built in. */
  lookUp(name: string, place: Place): Value
  call(callee: Value, args: Arguments, place: Place): Value
  /** `a + b` where both are tensors. */
  addTensors(left: number, right: number, place: Place): Value
}

const DEEPEST = 100

/**
 * Tells what an expression comes to. What is not understood becomes `unknown`; where it might do something to a
 * model, it is refused.
 */
export class PythonEvaluator {
  readonly #text: PythonText
  readonly #meaning: Meaning
  #depth = 0

  constructor(text: PythonText, meaning: Meaning) {
    this.#text = text
    this.#meaning = meaning
  }

  /** @throws KerasError */
  evaluate(node: Syntax): Value {
    if (this.#depth === DEEPEST) throw new KerasError('this is nested too deeply', this.#text.placeOf(node))
    this.#depth++
    try {
      return this.#evaluate(node)
    } finally {
      this.#depth--
    }
  }

  /** The value of what stands between separators: several with commas are a tuple. */
  evaluateGroup(parts: readonly Syntax[]): Value {
    const [only, ...others] = parts
    if (only && others.length === 0) return this.evaluate(only)
    return { kind: 'sequence', items: this.#items(parts) }
  }

  #evaluate(node: Syntax): Value {
    switch (node.name) {
      case 'None':
        return { kind: 'constant', value: null }
      case 'Boolean':
        return { kind: 'constant', value: this.#text.textOf(node) === 'True' }
      case 'Number':
        return this.#number(node)
      case 'String':
      case 'ContinuedString':
        return this.#string(node)
      case 'VariableName':
        return this.#meaning.lookUp(this.#text.textOf(node), this.#text.placeOf(node))
      case 'TupleExpression':
      case 'ArrayExpression':
        return { kind: 'sequence', items: this.#items(partsOf(node).slice(1, -1)) }
      case 'ParenthesizedExpression':
        return this.evaluateGroup(partsOf(node).slice(1, -1))
      case 'UnaryExpression':
        return this.#unary(node)
      case 'BinaryExpression':
        return this.#binary(node)
      case 'MemberExpression':
        return this.#member(node)
      case 'CallExpression':
        return this.#call(node)
      case 'FormatString':
      case 'FormatReplacement':
      case 'DictionaryExpression':
      case 'SetExpression':
        return this.#unknownOf(node)
      default:
        return this.#untouched(node)
    }
  }

  #items(parts: readonly Syntax[]): Value[] {
    return split(parts, ',')
      .filter(group => group.length > 0)
      .map(group => {
        const [only, ...others] = group
        return only && others.length === 0 ? this.evaluate(only) : this.#unknown(only, 'an unpacked list')
      })
  }

  #number(node: Syntax): Value {
    const text = this.#text.textOf(node)
    const value = Number(text.replaceAll('_', ''))
    return Number.isFinite(value) ? { kind: 'constant', value } : this.#unknown(node, `the number ${text}`)
  }

  #string(node: Syntax): Value {
    const pieces = node.name === 'String' ? [node] : partsOf(node)
    const texts = pieces.map(
      piece => /^(?:"""|'''|["'])([^\\]*?)(?:"""|'''|["'])$/s.exec(this.#text.textOf(piece))?.[1],
    )
    if (texts.some(text => text === undefined)) return this.#unknownOf(node)
    return { kind: 'constant', value: texts.join('') }
  }

  #unary(node: Syntax): Value {
    const [operator, operand] = partsOf(node)
    const value = operand && this.evaluate(operand)
    const sign = operator && this.#text.textOf(operator)
    if (value?.kind === 'constant' && typeof value.value === 'number' && (sign === '-' || sign === '+')) {
      return { kind: 'constant', value: sign === '-' ? -value.value : value.value }
    }
    return this.#unknown(node, 'this expression')
  }

  #binary(node: Syntax): Value {
    const [leftNode, operator, rightNode] = partsOf(node)
    if (!leftNode || !rightNode || operator?.name !== 'ArithOp') {
      // `a or b` may leave b undone.
      return operator?.name === 'CompareOp' ? this.#unknownOf(node) : this.#untouched(node)
    }
    const [left, right] = [this.evaluate(leftNode), this.evaluate(rightNode)]
    const sign = this.#text.textOf(operator)
    if (left.kind === 'tensor' && right.kind === 'tensor' && sign === '+') {
      return this.#meaning.addTensors(left.index, right.index, this.#text.placeOf(operator))
    }
    if (left.kind === 'constant' && right.kind === 'constant') {
      const value = calculate(left.value, sign, right.value)
      if (value !== undefined) return { kind: 'constant', value }
    }
    return { ...this.#unknown(node, 'this expression'), ofModel: isOfModel(left) || isOfModel(right) }
  }

  /** `a.b` and `a[b]`. */
  #member(node: Syntax): Value {
    const [objectNode, dot, property] = partsOf(node)
    const place = this.#text.placeOf(node)
    if (!objectNode || !dot || !property) return this.#unknown(node, 'this expression')
    const object = this.evaluate(objectNode)
    if (dot.name !== '.') {
      const index = this.evaluateGroup(
        partsOf(node)
          .slice(2, -1)
          .filter(part => part.name !== ':' && part.name !== 'Ellipsis'),
      )
      if (object.kind === 'sequence' && index.kind === 'constant' && typeof index.value === 'number') {
        const item = object.items.at(index.value)
        if (item) return item
      }
      return { ...this.#unknown(node, 'what is picked here'), ofModel: isOfModel(object) }
    }
    const name = this.#text.textOf(property)
    if (object.kind === 'reference') return { kind: 'reference', path: `${object.path}.${name}` }
    return { kind: 'method', target: object, name, place }
  }

  #call(node: Syntax): Value {
    const [calleeNode, list] = partsOf(node)
    if (!calleeNode || list?.name !== 'ArgList') return this.#untouched(node)
    const callee = this.evaluate(calleeNode)
    return this.#meaning.call(callee, this.#arguments(list), this.#text.placeOf(calleeNode))
  }

  #arguments(list: Syntax): Arguments {
    const positional: Value[] = []
    const named = new Map<string, Value>()
    for (const group of split(partsOf(list).slice(1, -1), ',')) {
      const [first, assign, value] = group
      if (!first) continue
      if (assign?.name === 'AssignOp' && value) {
        const name = this.#text.textOf(first)
        if (named.has(name)) throw new KerasError(`${name} is given twice`, this.#text.placeOf(first))
        named.set(name, this.evaluate(value))
      } else if (group.length === 1) positional.push(this.evaluate(first))
      else positional.push(this.#untouchedGroup(group))
    }
    return { positional, named }
  }

  /** Evaluates the parts for what they do, without an idea of what comes of them. */
  #unknownOf(node: Syntax): Value {
    const isExpression = (part: Syntax) => /Expression$|^VariableName$|^FormatReplacement$/.test(part.name)
    const values = partsOf(node)
      .filter(isExpression)
      .map(part => this.evaluate(part))
    return { ...this.#unknown(node, 'this expression'), ofModel: values.some(isOfModel) }
  }

  #untouched(node: Syntax): Value {
    return this.#untouchedGroup([node])
  }

  /** What may not be evaluated, since Python might not do so either: no model may occur in it. */
  #untouchedGroup(nodes: readonly Syntax[]): Value {
    for (const node of nodes) {
      const cursor = node.cursor()
      const end = node.to
      do {
        if (cursor.name !== 'VariableName') continue
        const place = this.#text.placeOf(cursor.node)
        const value = this.#meaning.lookUp(this.#text.textOf(cursor.node), place)
        if (isOfModel(value)) throw new KerasError('what this does with the model is not understood', place)
      } while (cursor.next() && cursor.from < end)
    }
    return this.#unknown(nodes[0], 'this expression')
  }

  #unknown(node: Syntax | undefined, what: string) {
    const place = node ? this.#text.placeOf(node) : { line: 1, column: 1 }
    return { kind: 'unknown', reason: `${what} is not understood`, place, ofModel: false } as const
  }
}

function calculate(left: unknown, sign: string, right: unknown): number | undefined {
  if (typeof left !== 'number' || typeof right !== 'number') return undefined
  const results: Record<string, () => number> = {
    '+': () => left + right,
    '-': () => left - right,
    '*': () => left * right,
    '/': () => left / right,
    '//': () => Math.floor(left / right),
    '%': () => left - right * Math.floor(left / right),
    '**': () => left ** right,
  }
  const result = Object.hasOwn(results, sign) ? results[sign]?.() : undefined
  return result !== undefined && Number.isFinite(result) ? result : undefined
}
