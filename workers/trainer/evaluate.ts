import { setImmediate } from 'node:timers/promises'
import type { Network } from '../../src/networks/network.js'
import { estimateTrainingMemory } from '../../src/networks/training-memory.js'
import type { ImageSet } from '../datasets/dataset.js'
import type { Engine } from '../engines/engine.js'
import { chunk, readBatch, toTensors } from './batches.js'
import { forward, type Weights } from './forward.js'

const MOST_IMAGES_AT_ONCE = 256
/** Of the layers' outputs that are computed at once. */
const MOST_BYTES_AT_ONCE = 1024 ** 3

export interface Evaluation {
  /** Mean cross-entropy. */
  loss: number
  accuracy: number
  /** Images of class `row` that were taken for class `column`. */
  confusionMatrix: number[][]
}

/**
 * Measures a network on the images at `indices`, without dropout. Loss and counts are kept in float64.
 * @param hear is given each image's logits
 */
export async function evaluate(
  engine: Engine,
  network: Network,
  weights: Weights,
  inputShape: readonly [number, number, number],
  set: ImageSet,
  indices: Uint32Array,
  signal: AbortSignal,
  hear?: (index: number, logits: ArrayLike<number>) => void,
): Promise<Evaluation> {
  const { tf } = engine
  const classes = network.outputShape[0] ?? 0
  const confusionMatrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  let totalLoss = 0
  let correct = 0
  for (const part of chunk(indices, imagesAtOnce(network))) {
    const logits = tf.tidy(() => {
      const { images } = toTensors(tf, inputShape, readBatch(set, inputShape, part))
      return forward(tf, network, weights, images)
    })
    const values = await logits.data()
    logits.dispose()
    for (const [place, index] of part.entries()) {
      const row = values.subarray(place * classes, (place + 1) * classes)
      const label = set.labels[index] ?? 0
      const guess = indexOfLargest(row)
      totalLoss += logSumExp(row) - (row[label] ?? 0)
      if (guess === label) correct++
      hear?.(index, row)
      const counts = confusionMatrix[label]
      if (counts) counts[guess] = (counts[guess] ?? 0) + 1
    }
    await setImmediate()
    signal.throwIfAborted()
  }
  return { loss: totalLoss / indices.length, accuracy: correct / indices.length, confusionMatrix }
}

function imagesAtOnce(network: Network): number {
  // The estimate counts the gradients of all outputs too.
  const { activationBytes } = estimateTrainingMemory(network, { batchSize: 1, optimizerSlots: 0 })
  return Math.max(1, Math.min(MOST_IMAGES_AT_ONCE, Math.floor(MOST_BYTES_AT_ONCE / (activationBytes / 2))))
}

function indexOfLargest(row: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if ((row[i] ?? 0) > (row[best] ?? 0)) best = i
  return best
}

/** log(sum(exp(row))), without overflow. */
function logSumExp(row: ArrayLike<number>): number {
  const largest = row[indexOfLargest(row)] ?? 0
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += Math.exp((row[i] ?? 0) - largest)
  return largest + Math.log(sum)
}
