import type { KernelFunc, NamedAttrMap } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { BATCH_NORM_TRAINING, BATCH_NORM_TRAINING_GRAD } from '../batch-normalization.js'
import { columnSums } from './column-sums.js'
import { Heap, requireInput } from './heap.js'

const attributes = z.object({ epsilon: z.number() })

/**
 * Batch normalisation in two passes over the numbers, one for the sums and one for the result, where a composition
 * takes nine. See ../batch-normalization.ts for what it computes.
 */
const normalize: KernelFunc = params => {
  const heap = new Heap(params)
  const [x, gamma, beta] = ['x', 'gamma', 'beta'].map(name => requireInput(params, name))
  if (!x || !gamma || !beta) throw new Error('an input is missing')
  const channels = gamma.shape[0] ?? 0
  const epsilon = epsilonOf(params.attrs)
  const y = heap.allocate(x.shape)
  const mean = heap.allocate([channels])
  const variance = heap.allocate([channels])

  const input = heap.view(x)
  const count = input.length / channels
  const sums = columnSums(input, channels)
  const squares = columnSums(input, channels, input)
  const scale = new Float32Array(channels)
  const shift = new Float32Array(channels)
  const [means, variances] = [heap.view(mean), heap.view(variance)]
  for (let channel = 0; channel < channels; channel++) {
    const average = (sums[channel] ?? 0) / count
    // In float64 the difference of the two is exact enough, far from zero too.
    const spread = Math.max(0, (squares[channel] ?? 0) / count - average * average)
    means[channel] = average
    variances[channel] = spread
    const factor = (heap.view(gamma)[channel] ?? 0) / Math.sqrt(spread + epsilon)
    scale[channel] = factor
    shift[channel] = (heap.view(beta)[channel] ?? 0) - average * factor
  }
  const output = heap.view(y)
  for (let at = 0; at < input.length; at += channels) {
    for (let channel = 0; channel < channels; channel++) {
      output[at + channel] = (input[at + channel] ?? 0) * (scale[channel] ?? 0) + (shift[channel] ?? 0)
    }
  }
  return [y, mean, variance]
}

const normalizeGradient: KernelFunc = params => {
  const heap = new Heap(params)
  const [dy, x, gamma, mean, variance] = ['dy', 'x', 'gamma', 'mean', 'variance'].map(name =>
    requireInput(params, name),
  )
  if (!dy || !x || !gamma || !mean || !variance) throw new Error('an input is missing')
  const channels = gamma.shape[0] ?? 0
  const epsilon = epsilonOf(params.attrs)
  const dx = heap.allocate(x.shape)
  const dGamma = heap.allocate([channels])
  const dBeta = heap.allocate([channels])

  const [upstream, input] = [heap.view(dy), heap.view(x)]
  const count = input.length / channels
  const sums = columnSums(upstream, channels)
  const products = columnSums(upstream, channels, input)
  // The gradient is `a dy + b x + c`, each of the three its channel's own.
  const a = new Float32Array(channels)
  const b = new Float32Array(channels)
  const c = new Float32Array(channels)
  for (let channel = 0; channel < channels; channel++) {
    const average = heap.view(mean)[channel] ?? 0
    const inverse = 1 / Math.sqrt((heap.view(variance)[channel] ?? 0) + epsilon)
    const sum = sums[channel] ?? 0
    const towardsGamma = ((products[channel] ?? 0) - average * sum) * inverse
    const factor = (heap.view(gamma)[channel] ?? 0) * inverse
    const slope = (-factor * inverse * towardsGamma) / count
    heap.view(dGamma)[channel] = towardsGamma
    heap.view(dBeta)[channel] = sum
    a[channel] = factor
    b[channel] = slope
    c[channel] = (-factor * sum) / count - slope * average
  }
  const output = heap.view(dx)
  for (let at = 0; at < input.length; at += channels) {
    for (let channel = 0; channel < channels; channel++) {
      output[at + channel] =
        (upstream[at + channel] ?? 0) * (a[channel] ?? 0) +
        (input[at + channel] ?? 0) * (b[channel] ?? 0) +
        (c[channel] ?? 0)
    }
  }
  return [dx, dGamma, dBeta]
}

export const batchNormalizationKernels: Record<string, KernelFunc> = {
  [BATCH_NORM_TRAINING]: normalize,
  [BATCH_NORM_TRAINING_GRAD]: normalizeGradient,
}

function epsilonOf(attrs: NamedAttrMap | undefined): number {
  return attributes.parse(attrs).epsilon
}
