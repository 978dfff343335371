import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import type { GradientClipping } from '../../src/training/contract.js'
import { softmaxCrossEntropy } from '../engines/cross-entropy.js'
import type { TensorFlow } from '../engines/engine.js'
import { clipGradients } from './clip-gradients.js'
import { type DropoutMask, forward, type Weights } from './forward.js'
import type { Optimizer } from './optimizers.js'

export interface Batch {
  /** `[batch, height, width, channels]`, each number between 0 and 1 */
  images: Tensor4D
  /** `[batch]`, int32 class indices */
  labels: Tensor1D
}

export interface StepGradients {
  /** Mean cross-entropy over the batch, a scalar. */
  loss: Tensor
  /** How many images of the batch were classified rightly, a scalar. */
  correct: Tensor
  /** One for each weight that is trained, in its place; the others have none. */
  gradients: (Tensor | undefined)[]
  /** What batch normalisation saw, in the place of the moving statistic that follows it. */
  statistics: (Tensor | undefined)[]
}

export interface GradientOptions {
  dropoutMask?: DropoutMask
  /** See `crossEntropy`. */
  labelSmoothing?: number
  /** Says of each weight whether it is trained; by default those that the network says. */
  trainable?: readonly boolean[]
  /** What the batch is of a larger one: that share of the loss, and of the gradients, is given. */
  share?: number
}

/**
 * A batch's loss and its gradient by every trained weight. Nothing is read back from the engine: reading
 * would wait for it. The tensors of the result are the caller's to dispose.
 */
export function computeGradients(
  tf: TensorFlow,
  network: Network,
  weights: Weights,
  batch: Batch,
  { dropoutMask, labelSmoothing = 0, trainable = trainableWeights(network), share = 1 }: GradientOptions = {},
): StepGradients {
  return tf.tidy(() => {
    const firstWeights = firstWeightOfLayers(network)
    const statistics = new Array<Tensor | undefined>(weights.length).fill(undefined)
    const hearStatistics = (layerIndex: number, mean: Tensor, variance: Tensor) => {
      const place = (firstWeights[layerIndex] ?? 0) + MOVING_MEAN
      statistics[place] = tf.keep(mean)
      statistics[place + 1] = tf.keep(variance)
    }
    const isFrozen = (layerIndex: number) => {
      const first = firstWeights[layerIndex] ?? 0
      const next = firstWeights[layerIndex + 1] ?? weights.length
      return !trainable.slice(first, next).includes(true)
    }
    const seen: Tensor[] = []
    const trained = weights.filter((_, place) => trainable[place])
    const { value, grads } = tf.valueAndGrads((...current: Tensor[]) => {
      const all = spread(trainable, current).map((weight, place) => weight ?? at(weights, place))
      const logits = forward(tf, network, all, batch.images, {
        hearStatistics,
        isFrozen,
        ...(dropoutMask ? { dropoutMask } : {}),
      })
      seen.push(tf.keep(countCorrect(tf, logits, batch.labels)))
      const loss = crossEntropy(tf, logits, batch.labels, labelSmoothing)
      return share === 1 ? loss : tf.mul(loss, share)
    })(trained)
    return { loss: value, correct: at(seen, 0), gradients: spread(trainable, grads), statistics }
  })
}

export interface UpdateOptions {
  optimizer: Optimizer
  learningRate: number
  gradientClipping?: GradientClipping | null
}

/** The weights after a step. Disposes the gradients, what came with them, and the weights given; the loss is left. */
export function applyGradients(
  tf: TensorFlow,
  network: Network,
  weights: Weights,
  { gradients, statistics }: Pick<StepGradients, 'gradients' | 'statistics'>,
  { optimizer, learningRate, gradientClipping }: UpdateOptions,
): Tensor[] {
  const clipped = gradientClipping ? clipGradients(tf, gradients, gradientClipping) : []
  const updated = optimizer.update(weights, gradientClipping ? clipped : gradients, learningRate)
  const next = followStatistics(tf, network, updated, statistics)
  tf.dispose([...weights])
  tf.dispose([...gradients, ...clipped, ...statistics].filter(tensor => tensor !== undefined))
  return next
}

export type StepOptions = GradientOptions & UpdateOptions

/**
 * One step of training. Disposes the batch and the weights given; loss, count and new weights are the
 * caller's.
 */
export function takeStep(
  tf: TensorFlow,
  network: Network,
  weights: Weights,
  batch: Batch,
  options: StepOptions,
): { weights: Tensor[]; loss: Tensor; correct: Tensor } {
  const { loss, correct, ...rest } = computeGradients(tf, network, weights, batch, options)
  tf.dispose([batch.images, batch.labels])
  return { weights: applyGradients(tf, network, weights, rest, options), loss, correct }
}

/** Moves the moving averages of batch normalisation towards what it saw. */
function followStatistics(
  tf: TensorFlow,
  network: Network,
  weights: Tensor[],
  statistics: readonly (Tensor | undefined)[],
): Tensor[] {
  const momenta = network.layers.flatMap(layer =>
    layer.weights.map(() => (layer.type === 'batchNormalization' ? layer.momentum : 1)),
  )
  return weights.map((before, place) => {
    const seen = statistics[place]
    const momentum = momenta[place] ?? 1
    if (!seen) return before
    const after = tf.tidy(() => tf.add(tf.mul(before, momentum), tf.mul(seen, 1 - momentum)))
    before.dispose()
    return after
  })
}

/** Which of a network's weights gradients change. */
export function trainableWeights(network: Network): boolean[] {
  return network.layers.flatMap(layer => layer.weights.map(weight => weight.trainable))
}

/** The place of `moving_mean` among the weights of batch normalisation; `moving_variance` follows it. */
const MOVING_MEAN = 2

/** Where each layer's weights begin. */
function firstWeightOfLayers(network: Network): number[] {
  let next = 0
  return network.layers.map(layer => {
    next += layer.weights.length
    return next - layer.weights.length
  })
}

/** The items in the places that are true, in their order. */
function spread(places: readonly boolean[], items: readonly Tensor[]): (Tensor | undefined)[] {
  let next = 0
  return places.map(isTaken => (isTaken ? at(items, next++) : undefined))
}

function at(tensors: readonly Tensor[], place: number): Tensor {
  const tensor = tensors[place]
  if (!tensor) throw new Error('fewer tensors than the network asks for')
  return tensor
}

/**
 * Mean over the batch of `-sum(target * log(softmax(logits)))`. The target is 1 for the image's class; with
 * label smoothing it is `1 - smoothing` for it and `smoothing / classes` more for all.
 */
export function crossEntropy(tf: TensorFlow, logits: Tensor2D, labels: Tensor1D, smoothing = 0): Scalar {
  const classes = logits.shape[1]
  const expected = tf.cast(tf.oneHot(labels, classes), 'float32')
  const target = smoothing === 0 ? expected : tf.add(tf.mul(expected, 1 - smoothing), smoothing / classes)
  return softmaxCrossEntropy(tf, logits, target)
}

function countCorrect(tf: TensorFlow, logits: Tensor2D, labels: Tensor1D): Scalar {
  return tf.sum<Scalar>(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'))
}
