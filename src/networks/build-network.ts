import type { Layer, LayerSpec, LayerType, Network, Shape } from './network.js'
import { inferLayer } from './shape-inference.js'

/** Names the layer that does not fit, and why. */
export class NetworkError extends Error {
  override name = 'NetworkError'
}

/**
 * Puts layers in a row and infers every shape.
 * @throws NetworkError when a layer cannot stand where it stands
 */
export function buildNetwork(name: string, inputShape: Shape, specs: readonly LayerSpec[]): Network {
  if (inputShape.length === 0 || !inputShape.every(isPositiveInteger)) {
    throw new NetworkError(`${name}: input shape [${inputShape}] must be positive integers`)
  }
  const counts = new Map<LayerType, number>()
  const layers: Layer[] = []
  let shape = inputShape
  for (const spec of specs) {
    const count = (counts.get(spec.type) ?? 0) + 1
    counts.set(spec.type, count)
    const layerName = `${spec.type}_${count}`
    const plan = inferLayer(spec, shape, reason => new NetworkError(`${name}, layer ${layerName}: ${reason}`))
    layers.push({ ...spec, ...plan, name: layerName })
    shape = plan.outputShape
  }
  if (layers.length === 0) throw new NetworkError(`${name}: a network needs at least one layer`)
  return {
    name,
    inputShape,
    outputShape: shape,
    layers,
    parameters: sum(layers.map(layer => layer.parameters)),
    multiplyAdds: sum(layers.map(layer => layer.multiplyAdds)),
  }
}

function isPositiveInteger(size: number): boolean {
  return Number.isInteger(size) && size > 0
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
