import { type Layer, NETWORK_INPUT, type Network } from './network.js'
import { NetworkBuilder, NetworkError, type Node } from './network-builder.js'

/** The words in the place of a layer's name that freeze all but the head. */
export const ALL_BUT_HEAD = 'all-but-head'

/**
 * The place of a network's head: its last layer with weights, which tells the classes apart.
 * @throws NetworkError where that is no dense layer
 */
export function findHead({ layers }: Network): number {
  const index = layers.findLastIndex(layer => layer.weights.length > 0)
  if (layers[index]?.type === 'dense') return index
  throw new NetworkError('Its last layer with weights must be a dense one, the head, to be fine-tuned')
}

/**
 * The same network with a head for so many classes; the network itself where it has that.
 * @throws NetworkError where it has no head
 */
export function withClasses(network: Network, classes: number): Network {
  const head = findHead(network)
  const layer = network.layers[head]
  if (layer?.type !== 'dense' || layer.units === classes) return network
  const builder = new NetworkBuilder(network.name, network.inputShape)
  const nodes: Node[] = []
  for (const [index, each] of network.layers.entries()) {
    const inputs = each.inputs.map(input => nodes[input] ?? builder.input)
    nodes.push(builder.add(index === head ? resize(layer, classes) : each, inputs, each.name))
  }
  return builder.build()
}

/** Numbers that the head began with are those of the old classes, even where it was to keep them: it learns. */
function resize(layer: Extract<Layer, { type: 'dense' }>, units: number): typeof layer {
  const { kernelInitializer, biasInitializer } = layer
  return {
    ...layer,
    units,
    trainable: true,
    kernelInitializer: typeof kernelInitializer === 'string' ? kernelInitializer : 'glorotUniform',
    biasInitializer: typeof biasInitializer === 'string' ? biasInitializer : 'zeros',
  }
}

/**
 * How many layers from the input on stay as they are.
 * @param freeze the name of the last of them, or `ALL_BUT_HEAD`
 * @throws NetworkError where there is no such layer
 */
export function countFrozenLayers(network: Network, freeze: string): number {
  if (freeze === ALL_BUT_HEAD) return findHead(network)
  const last = network.layers.findIndex(({ name }) => name === freeze)
  if (last !== NETWORK_INPUT) return last + 1
  const names = network.layers.filter(layer => layer.weights.length > 0).map(({ name }) => name)
  throw new NetworkError(
    `There is no layer '${freeze}'; those with weights are ${names.slice(0, 50).join(', ')}${names.length > 50 ? ' …' : ''}`,
  )
}

/** Which weights are trained while the first `frozen` layers stay as they are. */
export function trainableBehind(network: Network, frozen: number): boolean[] {
  return network.layers.flatMap((layer, index) =>
    layer.weights.map(weight => weight.trainable && index >= frozen),
  )
}
