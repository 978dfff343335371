import { type Layer, type LayerSpec, NETWORK_INPUT, type Network, type Shape } from './network.js'
import { inferLayer } from './shape-inference.js'

/** Names the layer that does not fit, and why. */
export class NetworkError extends Error {
  override name = 'NetworkError'

  /** @param reason why, for who knows already which layer it is */
  constructor(
    message: string,
    readonly reason = message,
  ) {
    super(message)
  }
}

/** The output of a layer, or the network's input: what the next layer is put behind. */
export interface Node {
  readonly index: number
  readonly shape: Shape
}

/** Puts layers together to a graph and infers every shape on the way. */
export class NetworkBuilder {
  readonly input: Node
  readonly #name: string
  readonly #layers: Layer[] = []
  readonly #counts = new Map<string, number>()

  /** @throws NetworkError where the input shape is none */
  constructor(name: string, inputShape: Shape) {
    if (inputShape.length === 0 || !inputShape.every(size => Number.isInteger(size) && size > 0)) {
      throw new NetworkError(`${name}: input shape [${inputShape}] must be positive integers`)
    }
    this.#name = name
    this.input = { index: NETWORK_INPUT, shape: inputShape }
  }

  /**
   * Puts a layer behind one node, or behind several where it joins them.
   * @param name a name of its own; by default the type and a running number
   * @throws NetworkError when the layer cannot stand there
   */
  add(spec: LayerSpec, inputs: Node | readonly Node[], name?: string): Node {
    const nodes = 'index' in inputs ? [inputs] : inputs
    const layerName = name ?? this.#nextName(spec.type)
    const refuse = (reason: string) =>
      new NetworkError(`${this.#name}, layer ${layerName}: ${reason}`, reason)
    if (this.#layers.some(layer => layer.name === layerName)) throw refuse('another layer has this name')
    const plan = inferLayer(
      spec,
      nodes.map(({ shape }) => shape),
      refuse,
    )
    this.#layers.push({ ...spec, ...plan, name: layerName, inputs: nodes.map(({ index }) => index) })
    return { index: this.#layers.length - 1, shape: plan.outputShape }
  }

  /** Puts layers behind a node, one after another. */
  sequence(specs: readonly LayerSpec[], input: Node): Node {
    return specs.reduce((node, spec) => this.add(spec, node), input)
  }

  /**
   * The network, whose output is the layer added last.
   * @throws NetworkError where there is none, or one whose output nobody uses
   */
  build(): Network {
    const layers = this.#layers
    const last = layers.at(-1)
    if (!last) throw new NetworkError(`${this.#name}: a network needs at least one layer`)
    const used = new Set(layers.flatMap(layer => layer.inputs))
    const unused = layers.find((layer, index) => layer !== last && !used.has(index))
    if (unused) throw new NetworkError(`${this.#name}, layer ${unused.name}: nothing uses its output`)
    const weights = layers.flatMap(layer => layer.weights)
    return {
      name: this.#name,
      inputShape: this.input.shape,
      outputShape: last.outputShape,
      layers,
      parameters: sum(layers.map(layer => layer.parameters)),
      trainableParameters: sum(
        weights.filter(weight => weight.trainable).map(weight => product(weight.shape)),
      ),
      multiplyAdds: sum(layers.map(layer => layer.multiplyAdds)),
    }
  }

  #nextName(type: string): string {
    const count = (this.#counts.get(type) ?? 0) + 1
    this.#counts.set(type, count)
    return `${type}_${count}`
  }
}

/**
 * A network whose layers stand in a row.
 * @throws NetworkError when a layer cannot stand where it stands
 */
export function buildSequential(name: string, inputShape: Shape, specs: readonly LayerSpec[]): Network {
  const builder = new NetworkBuilder(name, inputShape)
  builder.sequence(specs, builder.input)
  return builder.build()
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function product(sizes: Shape): number {
  return sizes.reduce((total, size) => total * size, 1)
}
