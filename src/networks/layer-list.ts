import { z } from 'zod'
import { count, margins, pair } from './keras/layer-options.js'
import { activationNames, type ImageShape, type LayerSpec, type Network } from './network.js'
import { NetworkBuilder, NetworkError, type Node } from './network-builder.js'
import { endInSoftmax } from './softmax-output.js'

const ruleNames = ['zeros', 'ones', 'glorotUniform', 'glorotNormal', 'heUniform', 'heNormal'] as const
const initializer = z.enum(ruleNames)
const channels = z.int().min(0).max(65_536)

const place = {
  name: z
    .string()
    .regex(/^[A-Za-z]\w{0,63}$/, 'must be a letter, then letters, digits and underscores: at most 64')
    .optional(),
  /** Names of earlier layers, or `input` for the images; by default the layer before. */
  inputs: z.array(z.string().max(64)).min(1).max(64).optional(),
}
const kernel = {
  activation: z.enum(activationNames).default('linear'),
  useBias: z.boolean().default(true),
  kernelInitializer: initializer.default('glorotUniform'),
  biasInitializer: initializer.default('zeros'),
  trainable: z.boolean().default(true),
}
const padding = z.enum(['valid', 'same']).default('valid')
const window = { kernelSize: pair, strides: pair.prefault(1), padding }

function pooling<T extends 'maxPool2d' | 'avgPool2d'>(type: T) {
  return z
    .strictObject({
      type: z.literal(type),
      poolSize: pair.prefault(2),
      strides: pair.optional(),
      padding,
      ...place,
    })
    .transform(({ strides, ...layer }) => ({ ...layer, strides: strides ?? layer.poolSize }))
}

/** A layer as a spec lists it, with Keras' defaults. */
const layerEntry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('conv2d'), filters: count, ...window, ...kernel, ...place }),
  z.strictObject({
    type: z.literal('depthwiseConv2d'),
    depthMultiplier: count.default(1),
    ...window,
    ...kernel,
    ...place,
  }),
  pooling('maxPool2d'),
  pooling('avgPool2d'),
  z.strictObject({ type: z.literal(['globalAvgPool2d', 'globalMaxPool2d']), ...place }),
  z.strictObject({
    type: z.literal('batchNormalization'),
    momentum: z.number().min(0).lt(1).default(0.99),
    epsilon: z.number().positive().max(1).default(1e-3),
    ...place,
  }),
  /** Defaults: A. Krizhevsky et al., NIPS 2012, section 3.3. */
  z.strictObject({
    type: z.literal('localResponseNormalization'),
    radius: z.int().min(1).max(64).default(2),
    bias: z.number().positive().max(1000).default(2),
    alpha: z.number().min(0).max(1000).default(1e-4),
    beta: z.number().min(0).max(10).default(0.75),
    ...place,
  }),
  z.strictObject({ type: z.literal('zeroPadding2d'), padding: margins.prefault(1), ...place }),
  z.strictObject({
    type: z.literal(['padChannels', 'cropChannels']),
    before: channels.default(0),
    after: channels.default(0),
    ...place,
  }),
  z.strictObject({ type: z.literal(['add', 'concatenate', 'flatten']), ...place }),
  z.strictObject({ type: z.literal('reshape'), targetShape: z.array(count).min(1).max(3), ...place }),
  z.strictObject({ type: z.literal('dense'), units: count, ...kernel, ...place }),
  z.strictObject({ type: z.literal('dropout'), rate: z.number().min(0).lt(1), ...place }),
  z.strictObject({ type: z.literal('activation'), activation: z.enum(activationNames), ...place }),
  z.strictObject({ type: z.literal('leakyRelu'), slope: z.number().min(0).lt(1).default(0.3), ...place }),
])

/** A network's layers, in an order in which they can be computed; the last is the output. */
export const layerList = z.array(layerEntry).min(1).max(1000)
export type LayerList = z.output<typeof layerList>

/**
 * The network of a list of layers. Where the last gives plain numbers, they are taken for logits.
 * @throws NetworkError that names the layer by its place in the list and by what it is
 */
export function buildLayerList(layers: LayerList, images: ImageShape): Network {
  const builder = new NetworkBuilder('layers', images)
  const byName = new Map<string, Node>([['input', builder.input]])
  let previous = builder.input
  for (const [index, { name, inputs, ...spec }] of layers.entries()) {
    const refuse = (reason: string) =>
      new NetworkError(`layer ${index + 1} (${name ?? spec.type}): ${reason}`)
    const nodes = inputs?.map(input => {
      const node = byName.get(input)
      if (!node) throw refuse(`'${input}' is no layer before it`)
      return node
    })
    previous = addLayer(builder, spec, nodes ?? [previous], name, refuse)
    if (name !== undefined) byName.set(name, previous)
    if (index === layers.length - 1) endInSoftmax(builder, spec, previous, refuse)
  }
  return builder.build()
}

function addLayer(
  builder: NetworkBuilder,
  spec: LayerSpec,
  nodes: readonly Node[],
  name: string | undefined,
  refuse: (reason: string) => NetworkError,
): Node {
  try {
    return builder.add(spec, nodes, name)
  } catch (error) {
    throw error instanceof NetworkError ? refuse(error.reason) : error
  }
}
