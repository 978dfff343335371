import { KerasMeaning } from './keras-meaning.js'
import { KerasError, type KerasModel, type Place } from './keras-model.js'
import type { KerasTraining } from './keras-training.js'
import { PythonEvaluator } from './python-evaluator.js'
import { PythonText, partsOf, type Syntax, split } from './python-syntax.js'
import { isOfModel, type Value } from './python-values.js'

export interface KerasProgram {
  model: KerasModel
  /** What `compile` and `fit` say of the training, where they say it plainly. */
  training: KerasTraining
  /** What was left out, for people. */
  notes: string[]
}

/**
 * Reads the model that a Python text makes with Keras: `Sequential([...])`, `model.add(...)` or the functional
 * style. The text is parsed, and never executed: imports, assignments and calls of Keras are understood, with
 * constants, names, tuples and lists. What has nothing to do with the model, such as reading data, is left out;
 * what has, and is not understood, is refused.
 * @throws KerasError with line and column
 */
export function readKerasPython(source: string): KerasProgram {
  const text = new PythonText(source)
  const reader = new ProgramReader(text)
  for (const statement of partsOf(text.root)) reader.read(statement)
  return reader.finish()
}

/** Goes through the statements of a program, one after another. */
class ProgramReader {
  readonly #text: PythonText
  readonly #meaning = new KerasMeaning()
  readonly #evaluator: PythonEvaluator

  constructor(text: PythonText) {
    this.#text = text
    this.#evaluator = new PythonEvaluator(text, this.#meaning)
  }

  finish(): KerasProgram {
    const draft = this.#meaning.model
    if (!draft) throw new KerasError('The text makes no model: it needs a keras.Sequential or keras.Model.')
    const { training, notes } = this.#meaning
    return { model: draft.finish(), training, notes }
  }

  read(statement: Syntax): void {
    const parts = partsOf(statement)
    switch (statement.name) {
      case 'ImportStatement':
        this.#import(statement, parts)
        break
      case 'AssignStatement':
        this.#assign(statement, parts)
        break
      case 'UpdateStatement':
        this.#update(parts)
        break
      case 'StatementGroup':
        for (const part of parts) if (part.name !== ';') this.read(part)
        break
      case 'ExpressionStatement':
        this.#evaluator.evaluateGroup(parts)
        break
      case 'AssertStatement':
        for (const group of split(parts.slice(1), ',')) this.#evaluator.evaluateGroup(group)
        break
      case 'PassStatement':
        break
      default:
        throw new KerasError(
          `${describe(statement)} is not understood: write the model's layers out, one after another`,
          this.#text.placeOf(statement),
        )
    }
  }

  /** `import a.b as c, d` and `from a.b import c as d, e`. */
  #import(statement: Syntax, parts: Syntax[]): void {
    const isFrom = parts[0]?.name === 'from'
    const importAt = parts.findIndex(part => part.name === 'import')
    const textOf = (part: Syntax) => this.#text.textOf(part)
    const module = isFrom ? parts.slice(1, importAt).map(textOf).join('') : ''
    const names = parts.slice(importAt + 1).filter(part => part.name !== '(' && part.name !== ')')
    for (const group of split(names, ',')) {
      const asAt = group.findIndex(part => part.name === 'as')
      const path = (asAt === -1 ? group : group.slice(0, asAt)).map(textOf).join('')
      if (path === '*') {
        throw new KerasError(
          'import * is not understood: import what is used by name',
          this.#text.placeOf(statement),
        )
      }
      const alias = asAt === -1 ? undefined : group[asAt + 1]
      // `import a.b` makes `a` known; `from a import b` makes `b` known.
      const name = alias ? textOf(alias) : (path.split('.')[0] ?? path)
      const target = isFrom ? `${module}.${path}` : alias ? path : name
      if (path !== '') this.#meaning.define(name, { kind: 'reference', path: target })
    }
  }

  /** `a = b = value`, `a, b = values`, `a.b = value`. */
  #assign(statement: Syntax, parts: Syntax[]): void {
    const groups = split(
      parts.filter(part => part.name !== 'TypeDef'),
      'AssignOp',
    )
    const valueParts = groups.pop() ?? []
    if (groups.length === 0 || valueParts.length === 0) return
    const value = this.#evaluator.evaluateGroup(valueParts)
    for (const target of groups) this.#assignTo(target, value, this.#text.placeOf(statement))
  }

  #assignTo(target: readonly Syntax[], value: Value, place: Place): void {
    const [only, ...others] = target
    if (!only) return
    if (others.length === 0 && only.name === 'VariableName') {
      this.#meaning.define(this.#text.textOf(only), value)
    } else if (others.length === 0 && only.name === 'MemberExpression') {
      this.#refuseChange(only)
    } else {
      const isBracketed = /^(Tuple|Array|Parenthesized)Expression$/.test(only.name)
      if (others.length === 0 && !isBracketed) {
        throw new KerasError('what is assigned to here is not understood', this.#text.placeOf(only))
      }
      const parts = others.length === 0 ? partsOf(only).slice(1, -1) : target
      const targets = split(parts, ',').filter(group => group.length > 0)
      const items = value.kind === 'sequence' && value.items.length === targets.length ? value.items : []
      const unknown: Value = {
        kind: 'unknown',
        reason: 'what is unpacked here is not understood',
        place,
        ofModel: isOfModel(value),
      }
      for (const [index, group] of targets.entries()) this.#assignTo(group, items[index] ?? unknown, place)
    }
  }

  /** `a += value`. */
  #update(parts: Syntax[]): void {
    const [target, , ...valueParts] = parts
    this.#evaluator.evaluateGroup(valueParts)
    if (!target) return
    const place = this.#text.placeOf(target)
    if (target.name !== 'VariableName') {
      this.#refuseChange(target)
      return
    }
    const before = this.#evaluator.evaluate(target)
    if (isOfModel(before) || before.kind === 'sequence') {
      throw new KerasError('a change of what is there already is not understood', place)
    }
    const reason = `${this.#text.textOf(target)} was changed in a way that is not understood`
    this.#meaning.define(this.#text.textOf(target), { kind: 'unknown', reason, place, ofModel: false })
  }

  /** A part of something is set: of data that is no matter, of a model or a list it would be. */
  #refuseChange(target: Syntax): void {
    const [object] = partsOf(target)
    const value = object && this.#evaluator.evaluate(object)
    if (value && (isOfModel(value) || value.kind === 'sequence')) {
      throw new KerasError('a change of what is there already is not understood', this.#text.placeOf(target))
    }
  }
}

/** `ForStatement` is a `for` statement. */
function describe(statement: Syntax): string {
  const words = statement.name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`
}
