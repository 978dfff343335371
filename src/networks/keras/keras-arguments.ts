import { KerasError, type Place } from './keras-model.js'
import type { Arguments } from './python-evaluator.js'
import type { Value } from './python-values.js'

/**
 * A call's arguments as options by name.
 * @param parameters the names of those that come without one, in order
 * @param mode 'lenient' leaves out what is not understood
 * @throws KerasError where there are more than parameters, or one is not understood
 */
export function readOptions(
  parameters: readonly string[],
  { positional, named }: Arguments,
  place: Place,
  mode: 'strict' | 'lenient' = 'strict',
): Record<string, unknown> {
  const entries = [...positional.map((value, index) => [parameters[index], value] as const), ...named]
  const options: Record<string, unknown> = {}
  for (const [name, value] of entries) {
    if (name === undefined) throw new KerasError('more arguments than are understood', place)
    if (Object.hasOwn(options, name)) throw new KerasError(`${name} is given twice`, place)
    if (mode === 'strict' || isPlain(value)) options[name] = toOption(value, name, place)
  }
  return options
}

/** A value as Keras' configurations have it: numbers, names, lists. */
export function toOption(value: Value | undefined, name: string, place: Place): unknown {
  switch (value?.kind) {
    case 'constant':
      return value.value
    case 'sequence':
      return value.items.map(item => toOption(item, name, place))
    case 'configured':
      return { class_name: value.className, config: value.options }
    case 'reference': {
      // `keras.activations.relu`, `tf.nn.relu`, `keras.initializers.HeNormal`
      const function_ = /\b(?:activations|initializers|ops|nn)\.(\w+)$/.exec(value.path)?.[1]
      if (function_) return function_
      throw new KerasError(`${name}: ${value.path} is not defined in this text`, place)
    }
    case 'unknown':
      throw new KerasError(`${name}: ${value.reason}`, value.place)
    default:
      throw new KerasError(`${name}: its value is not understood`, place)
  }
}

function isPlain(value: Value): boolean {
  if (value.kind === 'sequence') return value.items.every(isPlain)
  return value.kind === 'constant' || value.kind === 'configured'
}
