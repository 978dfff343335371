import type { Place } from './keras-model.js'
import type { Arguments } from './python-evaluator.js'
import type { Value } from './python-values.js'

/** What a program says of training, as far as it is plain. */
export interface KerasTraining {
  /** An optimizer by the name of its class, in lower case, with its options. */
  optimizer?: { name: string; options: Readonly<Record<string, unknown>> }
  batchSize?: number
  epochs?: number
  validationSplit?: number
  seed?: number
}

/** `model.compile(optimizer, loss, …)`. */
export function readCompile({ positional, named }: Arguments, place: Place, notes: string[]): KerasTraining {
  const [optimizer = named.get('optimizer'), loss = named.get('loss')] = positional
  const lossName = loss && nameOf(loss)
  if (lossName && !/^(sparse_?)?categorical_?crossentropy$/i.test(lossName)) {
    notes.push(`Line ${place.line}: the loss ${lossName} is left out; a run minimises the cross-entropy.`)
  }
  if (optimizer === undefined) return {}
  const name = nameOf(optimizer)?.toLowerCase()
  if (!name) {
    notes.push(`Line ${place.line}: the optimizer is not understood and left out.`)
    return {}
  }
  return { optimizer: { name, options: optimizer.kind === 'configured' ? optimizer.options : {} } }
}

/** `model.fit(x, y, batch_size, epochs, …)`. */
export function readFit({ positional, named }: Arguments, place: Place, notes: string[]): KerasTraining {
  const [, , batchSize = named.get('batch_size'), epochs = named.get('epochs')] = positional
  const given = { batchSize, epochs, validationSplit: named.get('validation_split') }
  const numbers: Omit<KerasTraining, 'optimizer'> = {}
  for (const name of ['batchSize', 'epochs', 'validationSplit'] as const) {
    const value = given[name]
    if (value?.kind === 'constant' && typeof value.value === 'number') numbers[name] = value.value
    else if (value) notes.push(`Line ${place.line}: ${name} is no plain number and left out.`)
  }
  // Keras' own default, where a program trains without saying how many.
  return { batchSize: 32, epochs: 1, ...numbers }
}

function nameOf(value: Value): string | undefined {
  if (value.kind === 'configured') return value.className
  return value.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined
}
