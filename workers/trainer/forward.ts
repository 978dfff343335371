import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { ActivationName, Layer, Network, Pair } from '../../src/networks/network.js'
import type { TensorFlow } from '../engines/engine.js'

/** A network's weights in the order of its layers, each layer's kernel before its bias. */
export type Weights = readonly Tensor[]

/** Gives the mask of a dropout layer, already scaled: each number is 0 or 1 / (1 - rate). */
export type DropoutMask = (layerIndex: number, rate: number, shape: readonly number[]) => Tensor

/**
 * The network's logits, `[batch, classes]`: what its closing softmax would turn into probabilities. Tensors in
 * between are left to the surrounding `tf.tidy`.
 * @param images `[batch, height, width, channels]`
 * @param dropoutMask given in training; without it dropout layers let everything through
 */
export function forward(
  tf: TensorFlow,
  network: Network,
  weights: Weights,
  images: Tensor4D,
  dropoutMask?: DropoutMask,
): Tensor2D {
  const remaining = [...weights]
  const last = network.layers.length - 1
  let x: Tensor = images
  for (const [index, layer] of network.layers.entries()) {
    x = applyLayer(tf, layer, x, remaining.splice(0, layer.weights.length))
    if (layer.type === 'dropout' && dropoutMask) x = tf.mul(x, dropoutMask(index, layer.rate, x.shape))
    const isClosingSoftmax = index === last && activationOf(layer) === 'softmax'
    if (!isClosingSoftmax) x = activate(tf, activationOf(layer), x)
  }
  return requireRank2(x)
}

/** What a layer does before its activation. */
function applyLayer(tf: TensorFlow, layer: Layer, x: Tensor, weights: Weights): Tensor {
  switch (layer.type) {
    case 'conv2d': {
      const [kernel, bias] = requirePair(weights)
      return tf.add(
        tf.conv2d(requireRank4(x), requireRank4(kernel), mutable(layer.strides), layer.padding),
        bias,
      )
    }
    case 'maxPool2d':
      return tf.maxPool(requireRank4(x), mutable(layer.poolSize), mutable(layer.strides), layer.padding)
    case 'avgPool2d':
      return tf.avgPool(requireRank4(x), mutable(layer.poolSize), mutable(layer.strides), layer.padding)
    case 'flatten':
      return tf.reshape(x, [x.shape[0] ?? 0, -1])
    case 'dense': {
      const [kernel, bias] = requirePair(weights)
      return tf.add(tf.matMul(x, kernel), bias)
    }
    case 'dropout':
    case 'activation':
      return x
  }
}

function activationOf(layer: Layer): ActivationName {
  return 'activation' in layer ? layer.activation : 'linear'
}

function activate(tf: TensorFlow, name: ActivationName, x: Tensor): Tensor {
  switch (name) {
    case 'linear':
      return x
    case 'relu':
      return tf.relu(x)
    case 'tanh':
      return tf.tanh(x)
    case 'sigmoid':
      return tf.sigmoid(x)
    case 'softmax':
      return tf.softmax(x)
  }
}

function mutable(pair: Pair): [number, number] {
  return [pair[0], pair[1]]
}

function requirePair(weights: Weights): [kernel: Tensor, bias: Tensor] {
  const [kernel, bias] = weights
  if (!kernel || !bias) throw new Error('fewer weights than the network asks for')
  return [kernel, bias]
}

function requireRank4(x: Tensor): Tensor4D {
  if (!isRank4(x)) throw new Error(`a tensor of rank 4 was expected, not [${x.shape}]`)
  return x
}

function requireRank2(x: Tensor): Tensor2D {
  if (!isRank2(x)) throw new Error(`a tensor of rank 2 was expected, not [${x.shape}]`)
  return x
}

function isRank4(x: Tensor): x is Tensor4D {
  return x.shape.length === 4
}

function isRank2(x: Tensor): x is Tensor2D {
  return x.shape.length === 2
}
