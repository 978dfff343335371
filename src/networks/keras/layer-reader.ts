import { z } from 'zod'
import type { LayerSpec, Shape } from '../network.js'
import type { KerasLayer } from './keras-model.js'

export interface LayerReader {
  /** The names of its options, in the order in which Python takes them without names. */
  parameters: readonly string[]
  /** @throws KerasError where an option is not understood */
  read(layer: KerasLayer, inputShapes: readonly Shape[]): LayerSpec[]
}

interface Place {
  inputShape: Shape
  refuse: KerasLayer['refuse']
}

/** @param fields the options, in the order in which Python takes them without names */
export function reader<Fields extends z.ZodRawShape>(
  fields: Fields,
  toLayers: (options: z.output<z.ZodObject<Fields>>, place: Place) => LayerSpec[],
): LayerReader {
  const schema = z.strictObject(fields)
  return {
    parameters: Object.keys(fields),
    read(layer, inputShapes) {
      const options = ownOptions(layer, fields)
      const parsed = schema.safeParse(options)
      if (!parsed.success) throw layer.refuse(describeIssue(parsed.error, options))
      return toLayers(parsed.data, {
        inputShape: inputShapes[0] ?? [],
        refuse: reason => layer.refuse(reason),
      })
    },
  }
}

/** Of no weight for what a layer computes, or read elsewhere. */
const sharedOptions = new Set([
  'name',
  'trainable',
  'batch_input_shape',
  'batch_shape',
  'input_shape',
  'autocast',
])

const singlePrecision = z.union([
  z.literal(['float32', null]),
  z.object({ config: z.object({ name: z.literal('float32') }) }),
])

/** Without what every layer has, and what is switched off: `None` and `False` are Keras' ways to say so. */
function ownOptions(layer: KerasLayer, fields: z.ZodRawShape): Record<string, unknown> {
  const { dtype = 'float32', ...options } = layer.options
  if (!singlePrecision.safeParse(dtype).success) throw layer.refuse('its dtype must be float32')
  const isOff = (value: unknown) => value === null || value === false
  const entries = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(fields, name) || !(sharedOptions.has(name) || isOff(value)),
  )
  return Object.fromEntries(entries)
}

function describeIssue({ issues: [issue] }: z.ZodError, options: Record<string, unknown>): string {
  if (issue?.code === 'unrecognized_keys') return `the option ${issue.keys[0]} is not understood`
  const option = `${issue?.path[0]?.toString()}`
  if (!Object.hasOwn(options, option)) return `the option ${option} is missing`
  return `the option ${option} ${issue?.message.replace(/^Invalid/, 'is an invalid')}`
}

/** Keras counts the batch as axis 0. */
export function requireLastAxis(axis: number, { inputShape, refuse }: Place): void {
  if (axis !== -1 && axis !== inputShape.length) throw refuse(`its axis must be the last one, not ${axis}`)
}

/** A -1 stands for whatever is left. */
export function fillShape(shape: readonly number[], { inputShape, refuse }: Place): Shape {
  const size = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1)
  const known = size(shape.filter(length => length > 0))
  const open = shape.filter(length => length < 0).length
  const rest = size(inputShape) / known
  if (open > 1 || (open === 1 && !Number.isInteger(rest))) {
    throw refuse(`the shape (${shape.join(', ')}) cannot be filled from ${inputShape.join('x')} numbers`)
  }
  return shape.map(length => (length < 0 ? rest : length))
}
