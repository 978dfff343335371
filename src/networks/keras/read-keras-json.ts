import { z } from 'zod'
import { NETWORK_INPUT } from '../network.js'
import {
  KerasError,
  type KerasLayer,
  type KerasModel,
  type KerasNode,
  MAXIMUM_LAYERS,
} from './keras-model.js'

const settings = z.record(z.string(), z.unknown())

const layerDocument = z.object({
  class_name: z.string().max(100),
  config: settings,
  name: z.string().optional(),
  module: z.string().nullish(),
  registered_name: z.string().nullish(),
  inbound_nodes: z.unknown().optional(),
})
type LayerDocument = z.output<typeof layerDocument>

const layerList = z.array(layerDocument).min(1).max(MAXIMUM_LAYERS)

/** A tensor by the layer that gives it, that layer's call, and the place among its outputs. */
const tensorKey = z.tuple([z.string(), z.literal(0), z.literal(0)]).transform(([name]) => name)
/** Keras 2 gives one input or output as it gives several, Keras 3 does not. */
const tensorKeys = z.union([tensorKey.transform(name => [name]), z.array(tensorKey)])

const modelDocument = z.object({
  class_name: z.string(),
  // Before Keras 2.2.3 a Sequential's configuration was its list of layers.
  config: z.union([
    layerList.transform(layers => ({ name: undefined, layers, input_layers: [], output_layers: [] })),
    z.object({
      name: z.string().optional(),
      layers: layerList,
      input_layers: tensorKeys.default([]),
      output_layers: tensorKeys.default([]),
    }),
  ]),
})
type ModelConfig = z.output<typeof modelDocument>['config']

const batchShape = z.tuple([z.null()], z.int().positive().nullable()).transform(([, ...shape]) => shape)

/**
 * Reads what `model.to_json()` of Keras 2 and 3 gives, of Sequential and Functional models; tfjs writes the same
 * as Keras 2.
 * @throws KerasError
 */
export function readKerasJson(text: string): KerasModel {
  const { class_name, config } = parseModel(text)
  if (class_name === 'Sequential') return readSequential(config)
  if (class_name === 'Functional' || class_name === 'Model') return readFunctional(config)
  throw new KerasError(
    `A model of the class '${class_name}' is not supported: it must be Sequential or Functional.`,
  )
}

function parseModel(text: string) {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new KerasError(`The text is no JSON: ${error instanceof Error ? error.message : error}.`)
  }
  const parsed = modelDocument.safeParse(json)
  if (parsed.success) return parsed.data
  const path = parsed.error.issues[0]?.path.join('.')
  throw new KerasError(
    `The text is not what model.to_json() gives: it needs a class_name, and a config with 1 to ${MAXIMUM_LAYERS} ` +
      `layers${path ? `; see ${path}` : ''}.`,
  )
}

function readSequential({ name, layers }: ModelConfig): KerasModel {
  const [first] = layers
  const stacked = layers.filter((layer, index) => index > 0 || layer.class_name !== 'InputLayer')
  return {
    name,
    inputShape: first && readInputShape(first),
    nodes: stacked.map((layer, index) => ({ layer: toLayer(layer), inputs: [index - 1] })),
  }
}

function readFunctional({ name, layers, input_layers, output_layers }: ModelConfig): KerasModel {
  const inputs = layers.filter(layer => layer.class_name === 'InputLayer')
  const [input] = inputs
  if (!input || inputs.length > 1 || input_layers.length > 1) {
    throw new KerasError(`The model has ${inputs.length} inputs: one is supported.`)
  }
  if (output_layers.length !== 1) {
    throw new KerasError(`The model has ${output_layers.length} outputs: one is supported.`)
  }
  return {
    name,
    inputShape: readInputShape(input),
    nodes: sortNodes(
      new Map([[requireName(input), NETWORK_INPUT]]),
      layers.filter(layer => layer !== input).map(layer => ({ document: layer, reads: readCall(layer) })),
      output_layers[0],
    ),
  }
}

interface Call {
  document: LayerDocument
  /** The names of the layers whose outputs it is given. */
  reads: readonly string[]
}

/** In an order in which they can be computed, close to the given one; without those that the output needs not. */
function sortNodes(
  places: Map<string, number>,
  calls: readonly Call[],
  output: string | undefined,
): KerasNode[] {
  const nodes: KerasNode[] = []
  let waiting = calls.filter(neededFor(calls, output))
  while (waiting.length > 0) {
    const blocked: Call[] = []
    for (const call of waiting) {
      const inputs = call.reads.map(name => places.get(name))
      if (inputs.every(place => place !== undefined)) {
        const layer = toLayer(call.document)
        const name = requireName(call.document)
        if (places.has(name)) throw layer.refuse('another layer has this name')
        places.set(name, nodes.length)
        nodes.push({ layer, inputs })
      } else blocked.push(call)
    }
    const [stuck] = blocked
    if (stuck && blocked.length === waiting.length) {
      throw toLayer(stuck.document).refuse('what it reads depends on it, or is not there')
    }
    waiting = blocked
  }
  if (nodes.length === 0) throw new KerasError(`The model's output '${output}' is none of its layers.`)
  return nodes
}

function neededFor(calls: readonly Call[], output: string | undefined): (call: Call) => boolean {
  const byName = new Map(calls.map(call => [requireName(call.document), call]))
  const needed = new Set<Call>()
  const open = [output ?? '']
  while (open.length > 0) {
    const call = byName.get(open.pop() ?? '')
    if (call && !needed.has(call)) {
      needed.add(call)
      open.push(...call.reads)
    }
  }
  return call => needed.has(call)
}

const kerasTensor = z
  .object({ class_name: z.literal('__keras_tensor__'), config: z.object({ keras_history: tensorKey }) })
  .transform(({ config }) => config.keras_history)

const callOfKeras3 = z
  .object({
    args: z.tuple([z.union([kerasTensor.transform(name => [name]), z.array(kerasTensor)])]),
    kwargs: settings.default({}),
  })
  .transform(({ args: [reads], kwargs }) => ({ reads, options: [kwargs] }))

const callOfKeras2 = z
  .array(z.tuple([z.string(), z.literal(0), z.literal(0)], settings))
  .transform(inputs => ({
    reads: inputs.map(([name]) => name),
    options: inputs.flatMap(([, , , ...options]) => options),
  }))

/** A layer that is called twice shares its weights, which no network here does. */
const calls = z.array(z.union([callOfKeras3, callOfKeras2])).length(1)

function readCall(document: LayerDocument): readonly string[] {
  const parsed = calls.safeParse(document.inbound_nodes)
  const [call] = parsed.data ?? []
  if (!call) {
    throw toLayer(document).refuse('it must be called once, with the outputs of layers that are called once')
  }
  const isOff = (value: unknown) => value === null || value === false
  if (!call.options.every(options => Object.values(options).every(isOff))) {
    throw toLayer(document).refuse('it is called with options, which are not understood')
  }
  return call.reads
}

function readInputShape(document: LayerDocument): (number | null)[] | undefined {
  const { config } = document
  const declared = config.batch_shape ?? config.batch_input_shape
  if (declared === undefined || declared === null) return undefined
  const shape = batchShape.safeParse(declared)
  if (!shape.success || shape.data.length > 4) {
    throw toLayer(document).refuse('its input shape is not understood')
  }
  return shape.data
}

function toLayer(document: LayerDocument): KerasLayer {
  const { class_name: className, config, module, registered_name } = document
  const name = nameOf(document)
  const label = name === undefined ? `${className} without a name` : `${className} '${name}'`
  const refuse = (reason: string) => new KerasError(`${label}: ${reason}.`)
  const isForeign = module && !/^keras(\.src)?\.layers\b/.test(module)
  if (isForeign || registered_name?.includes('>')) throw refuse('only the layers of Keras are understood')
  return { className, name, options: config, refuse }
}

function nameOf({ name, config }: LayerDocument): string | undefined {
  return name ?? (typeof config.name === 'string' ? config.name : undefined)
}

/** In a graph layers are spoken of by their names. */
function requireName(document: LayerDocument): string {
  const name = nameOf(document)
  if (name === undefined) throw toLayer(document).refuse('in a Functional model each layer needs a name')
  return name
}
