import type { KernelFunc } from '@tensorflow/tfjs-core'
import { depthwiseGeometry } from './attributes.js'
import { Heap, type HeapTensor, requireInput, upstreamKernel } from './heap.js'
import { spreadGradient } from './spread-gradient.js'

/**
 * The gradient of a depthwise convolution's input, which upstream lacks: itself a depthwise convolution, of `dy`
 * with the filter turned by half a turn, as in ./conv2d-backprop-input.ts. Where a channel has several filters,
 * what comes back through each is added up.
 */
export function createDepthwiseBackpropInput(): KernelFunc {
  const depthwise = upstreamKernel('DepthwiseConv2dNative')
  return params => {
    const heap = new Heap(params)
    const dy = requireInput(params, 'dy')
    const filter = requireInput(params, 'filter')
    const geometry = depthwiseGeometry(params.attrs, { filter })
    const { batchSize, inHeight, inWidth, inChannels, outChannels, filterHeight, filterWidth, padInfo } =
      geometry

    const turned = turnFilter(heap, filter)
    const spread = spreadGradient(heap, dy, geometry)
    const [, spreadHeight = 0, spreadWidth = 0] = spread.shape
    const top = filterHeight - 1 - padInfo.top
    const left = filterWidth - 1 - padInfo.left
    const all = heap.run(
      depthwise,
      { x: spread, filter: { ...turned, shape: [filterHeight, filterWidth, outChannels, 1] } },
      {
        strides: [1, 1],
        dilations: [1, 1],
        pad: [
          [0, 0],
          [top, inHeight + filterHeight - 1 - spreadHeight - top],
          [left, inWidth + filterWidth - 1 - spreadWidth - left],
          [0, 0],
        ],
      },
    )
    heap.free(turned)
    if (spread !== dy) heap.free(spread)
    if (inChannels === outChannels) return all
    const output = heap.allocate([batchSize, inHeight, inWidth, inChannels])
    addGroups(heap.view(all), heap.view(output), outChannels / inChannels)
    heap.free(all)
    return output
  }
}

/** Turns the window by half a turn; what it holds for each place stays together. */
function turnFilter(heap: Heap, filter: HeapTensor): HeapTensor {
  const [height = 0, width = 0] = filter.shape
  const turned = heap.allocate(filter.shape)
  const [from, to] = [heap.view(filter), heap.view(turned)]
  const taps = height * width
  const size = from.length / taps
  for (let tap = 0; tap < taps; tap++)
    to.set(from.subarray(tap * size, (tap + 1) * size), (taps - 1 - tap) * size)
  return turned
}

/** Adds up every `size` numbers that follow each other. */
function addGroups(values: Float32Array, sums: Float32Array, size: number): void {
  for (let group = 0; group < sums.length; group++) {
    let sum = 0
    for (let place = 0; place < size; place++) sum += values[group * size + place] ?? 0
    sums[group] = sum
  }
}
