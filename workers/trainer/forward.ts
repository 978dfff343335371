import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import {
  type ActivationName,
  type Layer,
  NETWORK_INPUT,
  type Network,
  type Pair,
} from '../../src/networks/network.js'
import { batchNormalize } from '../engines/batch-normalization.js'
import { convolveWithBias } from '../engines/biased-convolution.js'
import type { TensorFlow } from '../engines/engine.js'
import { maxPool } from '../engines/max-pool.js'
import { orderActivations } from './activation-order.js'
import { localResponseNormalize } from './local-response-normalization.js'

/** A network's weights in the order of its layers, each layer's in the order of its plan. */
export type Weights = readonly Tensor[]

/** Gives the mask of a dropout layer, already scaled: each number is 0 or 1 / (1 - rate). */
export type DropoutMask = (layerIndex: number, rate: number, shape: readonly number[]) => Tensor

/** What a pass in training does otherwise than one in use. */
export interface TrainingPass {
  /** Without it dropout layers let everything through. */
  dropoutMask?: DropoutMask
  /** Whether a layer stays as it is: batch normalisation then goes by its moving statistics, as in use. */
  isFrozen?(layerIndex: number): boolean
  /** Hears a batch's mean and variance, which are its own to dispose. `layerIndex` is the normalising layer's. */
  hearStatistics(layerIndex: number, mean: Tensor, variance: Tensor): void
}

/**
 * The network's logits, `[batch, classes]`: what its closing softmax would turn into probabilities. Tensors in
 * between are left to the surrounding `tf.tidy`.
 * @param images `[batch, height, width, channels]`
 * @param training given in training: dropout drops, and batch normalisation goes by the batch
 */
export function forward(
  tf: TensorFlow,
  network: Network,
  weights: Weights,
  images: Tensor4D,
  training?: TrainingPass,
): Tensor2D {
  const remaining = [...weights]
  const last = network.layers.length - 1
  const activations = orderActivations(network)
  const outputs: Tensor[] = []
  for (const [index, layer] of network.layers.entries()) {
    const inputs = layer.inputs.map(input => (input === NETWORK_INPUT ? images : at(outputs, input)))
    const own = remaining.splice(0, layer.weights.length)
    const output = applyLayer(tf, layer, index, inputs, own, training)
    const activation = activations[index] ?? 'linear'
    const isClosingSoftmax = index === last && activation === 'softmax'
    outputs.push(isClosingSoftmax ? output : activate(tf, activation, output))
  }
  return requireRank2(at(outputs, last))
}

/** What a layer does before its activation. */
function applyLayer(
  tf: TensorFlow,
  layer: Layer,
  index: number,
  inputs: Tensor[],
  weights: Weights,
  training: TrainingPass | undefined,
): Tensor {
  const x = at(inputs, 0)
  switch (layer.type) {
    case 'conv2d': {
      const kernel = requireRank4(at(weights, 0))
      const strides = mutable(layer.strides)
      if (!layer.useBias) return tf.conv2d(requireRank4(x), kernel, strides, layer.padding)
      const inputs = { x: requireRank4(x), filter: kernel, bias: requireRank1(at(weights, 1)) }
      return convolveWithBias(tf, inputs, { strides, pad: layer.padding })
    }
    case 'depthwiseConv2d': {
      const kernel = requireRank4(at(weights, 0))
      const y = tf.depthwiseConv2d(requireRank4(x), kernel, mutable(layer.strides), layer.padding)
      return layer.useBias ? tf.add(y, at(weights, 1)) : y
    }
    case 'maxPool2d':
      return maxPool(tf, requireRank4(x), {
        filterSize: layer.poolSize,
        strides: layer.strides,
        pad: layer.padding,
      })
    case 'avgPool2d':
      return tf.avgPool(requireRank4(x), mutable(layer.poolSize), mutable(layer.strides), layer.padding)
    case 'globalAvgPool2d':
      return tf.mean(x, [1, 2])
    case 'globalMaxPool2d':
      return tf.max(x, [1, 2])
    case 'batchNormalization': {
      const [gamma, beta, mean, variance] = [0, 1, 2, 3].map(place => requireRank1(at(weights, place)))
      if (!gamma || !beta || !mean || !variance) throw new Error('batch normalisation has four weights')
      if (!training || training.isFrozen?.(index))
        return tf.batchNorm(x, mean, variance, beta, gamma, layer.epsilon)
      const normalized = batchNormalize(tf, x, gamma, beta, layer.epsilon)
      training.hearStatistics(index, normalized.mean, normalized.variance)
      return normalized.y
    }
    case 'localResponseNormalization':
      return localResponseNormalize(tf, requireRank4(x), layer)
    case 'zeroPadding2d': {
      const [rows, columns] = layer.padding
      return tf.pad(requireRank4(x), [[0, 0], mutable(rows), mutable(columns), [0, 0]])
    }
    case 'padChannels':
      return tf.pad(requireRank4(x), [
        [0, 0],
        [0, 0],
        [0, 0],
        [layer.before, layer.after],
      ])
    case 'cropChannels':
      return tf.slice(requireRank4(x), [0, 0, 0, layer.before], [-1, -1, -1, layer.outputShape[2] ?? 0])
    case 'add':
      return inputs.slice(1).reduce((sum, other) => tf.add(sum, other), x)
    case 'concatenate':
      return tf.concat(inputs, x.rank - 1)
    case 'flatten':
    case 'reshape':
      return tf.reshape(x, [x.shape[0] ?? 0, ...layer.outputShape])
    case 'dense': {
      const y = tf.matMul(x, at(weights, 0))
      return layer.useBias ? tf.add(y, at(weights, 1)) : y
    }
    case 'dropout':
      return training?.dropoutMask ? tf.mul(x, training.dropoutMask(index, layer.rate, x.shape)) : x
    case 'leakyRelu':
      return tf.leakyRelu(x, layer.slope)
    case 'activation':
      return x
  }
}

function activate(tf: TensorFlow, name: ActivationName, x: Tensor): Tensor {
  switch (name) {
    case 'linear':
      return x
    case 'relu':
      return tf.relu(x)
    case 'relu6':
      return tf.relu6(x)
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

function at(tensors: readonly Tensor[], place: number): Tensor {
  const tensor = tensors[place]
  if (!tensor) throw new Error('fewer tensors than the network asks for')
  return tensor
}

function requireRank4(x: Tensor): Tensor4D {
  if (!isRank4(x)) throw new Error(`a tensor of rank 4 was expected, not [${x.shape}]`)
  return x
}

function requireRank2(x: Tensor): Tensor2D {
  if (!isRank2(x)) throw new Error(`a tensor of rank 2 was expected, not [${x.shape}]`)
  return x
}

function requireRank1(x: Tensor): Tensor1D {
  if (!isRank1(x)) throw new Error(`a tensor of rank 1 was expected, not [${x.shape}]`)
  return x
}

function isRank4(x: Tensor): x is Tensor4D {
  return x.shape.length === 4
}

function isRank2(x: Tensor): x is Tensor2D {
  return x.shape.length === 2
}

function isRank1(x: Tensor): x is Tensor1D {
  return x.shape.length === 1
}
