import { describeLayer, type LayerConfig, nameInput } from '../layers-model.js'
import { type Layer, NETWORK_INPUT, type Network, type Shape } from '../network.js'

/** Of Keras 3: earlier ones can't read this format. */
const KERAS_VERSION = '3.0.0'

/**
 * The `config.json` of a Keras v3 archive (`.keras`): a Functional model, as Keras' own serialisation writes it.
 * @see https://keras.io/guides/serialization_and_saving/
 */
export function kerasConfig(network: Network): object {
  const input = nameInput(network)
  const nameOf = (index: number) => (index === NETWORK_INPUT ? input : (network.layers[index]?.name ?? input))
  const tensor = (index: number) => ({
    class_name: '__keras_tensor__',
    config: {
      shape: [null, ...shapeOf(network, index)],
      dtype: 'float32',
      keras_history: [nameOf(index), 0, 0],
    },
  })
  const inputLayer = {
    ...kerasObject('keras.layers', 'InputLayer', {
      batch_shape: [null, ...network.inputShape],
      dtype: 'float32',
      sparse: false,
      name: input,
    }),
    name: input,
    inbound_nodes: [],
  }
  const layers = network.layers.map(layer => {
    const tensors = layer.inputs.map(tensor)
    const isJoin = layer.type === 'add' || layer.type === 'concatenate'
    return {
      ...toKeras3(layer),
      name: layer.name,
      inbound_nodes: [{ args: isJoin ? [tensors] : tensors, kwargs: {} }],
    }
  })
  return {
    ...kerasObject('keras.src.models.functional', 'Functional', {
      name: network.name,
      trainable: true,
      layers: [inputLayer, ...layers],
      input_layers: [[input, 0, 0]],
      output_layers: [[nameOf(network.layers.length - 1), 0, 0]],
    }),
    registered_name: 'Functional',
    build_config: { input_shape: null },
  }
}

/** The `metadata.json` of a Keras v3 archive. */
export function kerasMetadata(now: Date): object {
  const [date, time] = now.toISOString().split(/[T.]/)
  return { keras_version: KERAS_VERSION, date_saved: `${date}@${time}` }
}

/** A layer's place in `model.weights.h5`; its weights lie in its group 'vars' as `0`, `1`, …, in the order of its plan. */
export interface KerasVariables {
  layer: Layer
  /** The group, without a slash in front. */
  path: string
}

/**
 * Where Keras looks for the weights of each layer. It goes by the layers' classes, numbered in the order in which it
 * sorts them itself: those farthest from the output first, and of the same distance as a walk from the output comes
 * by (`map_graph` in keras/src/ops/function.py, `_load_container_state` in keras/src/saving/saving_lib.py).
 */
export function kerasVariables(network: Network): KerasVariables[] {
  const counts = new Map<string, number>()
  return sortAsKeras(network).map(layer => {
    const name = snakeCase(describeLayer(layer).class_name)
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    return { layer, path: `layers/${name}${count === 0 ? '' : `_${count}`}` }
  })
}

/** Where a dropout layer keeps the state of its random numbers, below its group. */
export const SEED_GENERATOR = 'seed_generator'

function sortAsKeras({ layers }: Network): Layer[] {
  const places = [...layers.keys()]
  const distances = layers.map(() => 0)
  for (const index of places.toReversed()) {
    for (const input of layers[index]?.inputs ?? []) {
      if (input !== NETWORK_INPUT) {
        distances[input] = Math.max(distances[input] ?? 0, (distances[index] ?? 0) + 1)
      }
    }
  }
  const visits = visitFromOutput(layers)
  const byPlace = (order: readonly number[], a: number, b: number) => (order[a] ?? 0) - (order[b] ?? 0)
  return places
    .sort((a, b) => byPlace(distances, b, a) || byPlace(visits, a, b))
    .flatMap(index => layers[index] ?? [])
}

/** The number at which a depth-first walk from the output, first inputs first, comes by each layer. */
function visitFromOutput(layers: readonly Layer[]): number[] {
  const visits: number[] = []
  const open = [layers.length - 1]
  let count = 0
  while (open.length > 0) {
    const index = open.pop()
    if (index === undefined || index === NETWORK_INPUT || visits[index] !== undefined) continue
    visits[index] = count++
    open.push(...(layers[index]?.inputs ?? []).toReversed())
  }
  return visits
}

function toKeras3(layer: Layer) {
  const { class_name, config } = describeLayer(layer)
  const options = Object.entries(config).map(([name, value]) => {
    // What Keras 2 and tfjs call alpha.
    if (layer.type === 'leakyRelu' && name === 'alpha') return ['negative_slope', value]
    return [name, isObject(value) ? kerasObject('keras.initializers', value.class_name, value.config) : value]
  })
  return kerasObject('keras.layers', class_name, Object.fromEntries(options))
}

/** Initialisers alone are objects in a layer's configuration. */
function isObject(value: unknown): value is LayerConfig {
  return typeof value === 'object' && value !== null && 'class_name' in value
}

function kerasObject(module: string, class_name: string, config: object) {
  return { module, class_name, config, registered_name: null }
}

/** As `to_snake_case` of keras/src/utils/naming.py: `Conv2D` is `conv2d`, `LeakyReLU` `leaky_re_lu`. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

function shapeOf(network: Network, index: number): Shape {
  return index === NETWORK_INPUT ? network.inputShape : (network.layers[index]?.outputShape ?? [])
}
