import type { KernelFunc } from '@tensorflow/tfjs-core'
import { depthwiseGeometry, type WindowGeometry } from './attributes.js'
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

/**
 * The gradient of a depthwise convolution's filter, which upstream lacks: for each place of the window the sum of
 * what it saw times what came back. Kept in float64 while it is summed.
 */
export const depthwiseBackpropFilter: KernelFunc = params => {
  const heap = new Heap(params)
  const x = requireInput(params, 'x')
  const dy = requireInput(params, 'dy')
  const geometry = depthwiseGeometry(params.attrs, { input: x })
  const { inChannels, outChannels } = geometry
  const output = heap.allocate(geometry.filterShape)
  const input = heap.view(x)
  const gradient = heap.view(dy)
  const multiplier = outChannels / inChannels
  const totals = new Float64Array(heap.view(output).length)
  forEachTap(geometry, (firstInput, firstOutput, tap, count, step) => {
    const firstWeight = tap * outChannels
    let channel = 0
    // Four at a time, so that their sums stay in registers.
    for (; multiplier === 1 && channel + 4 <= outChannels; channel += 4) {
      let [a, b, c, d] = [0, 0, 0, 0]
      let at = firstInput + channel
      let from = firstOutput + channel
      for (let position = 0; position < count; position++) {
        a += (input[at] ?? 0) * (gradient[from] ?? 0)
        b += (input[at + 1] ?? 0) * (gradient[from + 1] ?? 0)
        c += (input[at + 2] ?? 0) * (gradient[from + 2] ?? 0)
        d += (input[at + 3] ?? 0) * (gradient[from + 3] ?? 0)
        at += step
        from += outChannels
      }
      const weight = firstWeight + channel
      totals[weight] = (totals[weight] ?? 0) + a
      totals[weight + 1] = (totals[weight + 1] ?? 0) + b
      totals[weight + 2] = (totals[weight + 2] ?? 0) + c
      totals[weight + 3] = (totals[weight + 3] ?? 0) + d
    }
    for (; channel < outChannels; channel++) {
      let at = firstInput + Math.floor(channel / multiplier)
      let from = firstOutput + channel
      let sum = 0
      for (let position = 0; position < count; position++) {
        sum += (input[at] ?? 0) * (gradient[from] ?? 0)
        at += step
        from += outChannels
      }
      totals[firstWeight + channel] = (totals[firstWeight + channel] ?? 0) + sum
    }
  })
  heap.view(output).set(totals)
  return output
}

/**
 * Visits each row of the output once for each place of the window: where the first channel of the first input is
 * that this place sees in this row, where the output's is, which place it is, how many columns see something
 * there, and how far apart their inputs are.
 */
function forEachTap(
  geometry: WindowGeometry,
  visit: (firstInput: number, firstOutput: number, tap: number, count: number, step: number) => void,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry
  const { strideHeight, strideWidth, filterHeight, filterWidth, padInfo } = geometry
  for (let image = 0; image < geometry.batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let filterRow = 0; filterRow < filterHeight; filterRow++) {
        const row = outRow * strideHeight + filterRow - padInfo.top
        if (row < 0 || row >= inHeight) continue
        for (let filterColumn = 0; filterColumn < filterWidth; filterColumn++) {
          const offset = filterColumn - padInfo.left
          const begin = Math.max(0, Math.ceil(-offset / strideWidth))
          const end = Math.min(outWidth, Math.ceil((inWidth - offset) / strideWidth))
          visit(
            ((image * inHeight + row) * inWidth + begin * strideWidth + offset) * inChannels,
            ((image * outHeight + outRow) * outWidth + begin) * outChannels,
            filterRow * filterWidth + filterColumn,
            end - begin,
            strideWidth * inChannels,
          )
        }
      }
    }
  }
}
