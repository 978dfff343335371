import { z } from 'zod'
import { activationNames, type Initializer, type Margins, type Pair } from '../network.js'

/** Keras' options of layers, each parsed to what a layer of ours takes. */

/** More than any network has, and few enough that no product of them is past what a number can count. */
const LARGEST_SIZE = 65_536

export const count = z.int().min(1).max(LARGEST_SIZE)
const margin = z.int().min(0).max(LARGEST_SIZE)

const pairOf = <T extends z.ZodType<number>>(size: T) =>
  z.union([size, z.tuple([size, size])], 'must be a positive integer or two')

/** `3` or `(3, 5)`. */
export const pair = pairOf(count).transform(
  (size): Pair => (typeof size === 'number' ? [size, size] : [size[0], size[1]]),
)

export const padding = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['valid', 'same']))

/** `1`, `(1, 2)` for rows and columns, or `((top, bottom), (left, right))`. */
export const margins = z
  .union(
    [margin, z.tuple([margin, margin]), z.tuple([z.tuple([margin, margin]), z.tuple([margin, margin])])],
    'must be an integer, two, or two pairs',
  )
  .transform((size): Margins => {
    const [rows, columns] = typeof size === 'number' ? [size, size] : size
    return [both(rows), both(columns)]
  })

function both(size: number | [number, number]): [number, number] {
  return typeof size === 'number' ? [size, size] : size
}

const serialized = z.object({ class_name: z.string(), config: z.unknown().optional() })
const settings = z.record(z.string(), z.unknown())

/** A function in Keras 3's JSON, a class in a configuration, or a plain name: all are names in the end. */
const nameOf = (value: unknown): unknown => {
  const object = serialized.safeParse(value)
  if (!object.success) return value
  return object.data.class_name === 'function' ? object.data.config : object.data.class_name
}

const snakeCase = (name: string) => name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase()

/** `None` is linear. */
export const activation = z.preprocess(
  value => (value === null ? 'linear' : nameOf(value)),
  z.enum(activationNames, { error: `must be one of ${activationNames.join(', ')}` }),
)

const initializers: Record<string, Initializer> = {
  zeros: 'zeros',
  ones: 'ones',
  glorot_uniform: 'glorotUniform',
  xavier_uniform: 'glorotUniform',
  glorot_normal: 'glorotNormal',
  xavier_normal: 'glorotNormal',
  he_uniform: 'heUniform',
  he_normal: 'heNormal',
}

/** How Keras 1 and 2, and tfjs, write glorot and he initialisers: scale, mode and distribution of one class. */
const varianceScalings: Record<string, Initializer> = {
  '1 fan_avg uniform': 'glorotUniform',
  '1 fan_avg normal': 'glorotNormal',
  '1 fan_avg truncated_normal': 'glorotNormal',
  '2 fan_in uniform': 'heUniform',
  '2 fan_in normal': 'heNormal',
  '2 fan_in truncated_normal': 'heNormal',
}

export const initializer = z.unknown().transform((value, context): Initializer => {
  const object = serialized.safeParse(value)
  const name = nameOf(value)
  const key = typeof name === 'string' ? snakeCase(name) : ''
  const known = key === 'variance_scaling' ? findScaling(object.data?.config) : initializers[key]
  if (known) return known
  context.addIssue(`must be one of ${Object.keys(initializers).join(', ')}`)
  return z.NEVER
})

function findScaling(config: unknown): Initializer | undefined {
  const { scale, mode, distribution } = settings.catch({}).parse(config)
  return varianceScalings[`${scale ?? 1} ${mode ?? 'fan_in'} ${distribution ?? 'truncated_normal'}`]
}

/** What is only taken where it is switched off. */
export const off = (instead: string) => z.null({ error: `is not supported: ${instead}` }).default(null)

export const channelsLast = z
  .literal(['channels_last', null], { error: 'must be channels_last' })
  .default('channels_last')

export const undilated = z
  .union([z.literal(1), z.tuple([z.literal(1), z.literal(1)])], {
    error: 'is not supported: windows are not dilated',
  })
  .default(1)
