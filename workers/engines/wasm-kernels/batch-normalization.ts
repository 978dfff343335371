import type { KernelFunc, NamedAttrMap } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { BATCH_NORM_TRAINING, BATCH_NORM_TRAINING_GRAD } from '../batch-normalization.js'
import { createChannelScale } from './channel-scale.js'
import { createColumnSums } from './column-sums.js'
import { Heap, requireInput, upstreamKernel } from './heap.js'

const attributes = z.object({ epsilon: z.number() })

/** Puts the sum over all parts of a batch in the place of the sums of one. */
export type SumOverParts = (sums: Float64Array) => void

/**
 * Batch normalisation of sums over columns and scales of channels: see ../batch-normalization.ts for what it computes.
 * To be called with the backend ready.
 * @param sumOverParts where other threads have the rest of the batch, which is normalised as one
 */
export function batchNormalizationKernels(sumOverParts: SumOverParts = () => {}): Record<string, KernelFunc> {
  return {
    [BATCH_NORM_TRAINING]: createNormalization(sumOverParts),
    [BATCH_NORM_TRAINING_GRAD]: createNormalizationGradient(sumOverParts),
  }
}

function createNormalization(sumOverParts: SumOverParts): KernelFunc {
  const columnSums = createColumnSums()
  const scaleChannels = createChannelScale()
  const square = upstreamKernel('Square')
  return params => {
    const heap = new Heap(params)
    const [x, gamma, beta] = ['x', 'gamma', 'beta'].map(name => requireInput(params, name))
    if (!x || !gamma || !beta) throw new Error('an input is missing')
    const channels = gamma.shape[0] ?? 0
    const epsilon = epsilonOf(params.attrs)
    const totals = Float64Array.of(...columnSums(heap, x), heap.view(x).length / channels)
    sumOverParts(totals)
    const count = totals[channels] ?? 0
    const means = totals.subarray(0, channels).map(total => total / count)
    // Of what is left without the mean: the mean square less the squared mean loses its digits far from zero.
    const ones = new Float64Array(channels).fill(1)
    const centred = scaleChannels(
      heap,
      x,
      ones,
      means.map(mean => -mean),
    )
    const squares = heap.run(square, { x: centred })
    const spreads = columnSums(heap, squares)
    sumOverParts(spreads)
    heap.free(squares)
    const variances = spreads.map(spread => spread / count)
    const scale = variances.map(
      (variance, channel) => (heap.view(gamma)[channel] ?? 0) / Math.sqrt(variance + epsilon),
    )
    const y = scaleChannels(heap, centred, scale, heap.view(beta).slice())
    heap.free(centred)
    return [y, heap.tensorOf(means), heap.tensorOf(variances)]
  }
}

function createNormalizationGradient(sumOverParts: SumOverParts): KernelFunc {
  const columnSums = createColumnSums()
  const scaleChannels = createChannelScale()
  const multiply = upstreamKernel('Multiply')
  const add = upstreamKernel('Add')
  return params => {
    const heap = new Heap(params)
    const [dy, x, gamma, mean, variance] = ['dy', 'x', 'gamma', 'mean', 'variance'].map(name =>
      requireInput(params, name),
    )
    if (!dy || !x || !gamma || !mean || !variance) throw new Error('an input is missing')
    const epsilon = epsilonOf(params.attrs)
    const inverse = Float64Array.from(heap.view(variance), spread => 1 / Math.sqrt(spread + epsilon))
    const offset = inverse.map((factor, channel) => -factor * (heap.view(mean)[channel] ?? 0))
    const normalized = scaleChannels(heap, x, inverse, offset)
    const products = heap.run(multiply, { a: dy, b: normalized })
    const dGamma = columnSums(heap, products)
    heap.free(products)
    const dBeta = columnSums(heap, dy)

    // The gradient is `factor dy + slope normalized + shift`, each of the three its channel's own.
    const channels = inverse.length
    const totals = Float64Array.of(...dGamma, ...dBeta, heap.view(x).length / channels)
    sumOverParts(totals)
    const count = totals[2 * channels] ?? 0
    const factor = inverse.map((value, channel) => value * (heap.view(gamma)[channel] ?? 0))
    const slope = factor.map((value, channel) => (-value * (totals[channel] ?? 0)) / count)
    const shift = factor.map((value, channel) => (-value * (totals[channels + channel] ?? 0)) / count)
    const direct = scaleChannels(heap, dy, factor, shift)
    const indirect = scaleChannels(heap, normalized, slope, new Float64Array(slope.length))
    const dx = heap.run(add, { a: direct, b: indirect })
    heap.free(normalized, direct, indirect)
    return [dx, heap.tensorOf(dGamma), heap.tensorOf(dBeta)]
  }
}

function epsilonOf(attrs: NamedAttrMap | undefined): number {
  return attributes.parse(attrs).epsilon
}
