import type { ActivationName, Layer, Network } from '../../src/networks/network.js'

/**
 * The activation that follows each layer when a ReLU that only a max-pooling sees comes after it instead of before:
 * the outcome and its gradients are the same to the last bit, and the ReLU has a quarter of the numbers to go through.
 * The maximum of rectified numbers is the rectified maximum; where a window has none above zero, no gradient comes
 * back either way.
 */
export function orderActivations({ layers }: Network): ActivationName[] {
  const activations = layers.map(activationOf)
  for (const [index, layer] of layers.entries()) {
    const [input = -1] = layer.inputs
    const readers = layers.filter(({ inputs }) => inputs.includes(input))
    if (layer.type !== 'maxPool2d' || activations[input] !== 'relu' || readers.length > 1) continue
    activations[input] = 'linear'
    activations[index] = 'relu'
  }
  return activations
}

function activationOf(layer: Layer): ActivationName {
  return 'activation' in layer ? layer.activation : 'linear'
}
