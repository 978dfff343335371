import type { KernelFunc } from '@tensorflow/tfjs-core'
import { depthwiseGeometry, type WindowGeometry } from './attributes.js'
import { Heap, requireInput } from './heap.js'

/**
 * The gradient of a depthwise convolution's input, which upstream lacks. Every number of `dy` is spread over what
 * its window saw; plain loops are enough, since a depthwise convolution does a hundredth of a network's work.
 */
export const depthwiseBackpropInput: KernelFunc = params => {
  const heap = new Heap(params)
  const dy = requireInput(params, 'dy')
  const filter = requireInput(params, 'filter')
  const geometry = depthwiseGeometry(params.attrs, { filter })
  const { batchSize, inHeight, inWidth, inChannels, outChannels } = geometry
  const output = heap.allocate([batchSize, inHeight, inWidth, inChannels])
  const weights = heap.view(filter)
  const gradient = heap.view(dy)
  const dx = heap.view(output).fill(0)
  const multiplier = outChannels / inChannels
  forEachTap(geometry, (x, out, tap, count, step) => {
    const firstWeight = tap * outChannels
    for (let position = 0; position < count; position++) {
      const to = x + position * step
      const from = out + position * outChannels
      for (let channel = 0; channel < outChannels; channel++) {
        const place = to + (multiplier === 1 ? channel : Math.floor(channel / multiplier))
        dx[place] = (dx[place] ?? 0) + (gradient[from + channel] ?? 0) * (weights[firstWeight + channel] ?? 0)
      }
    }
  })
  return output
}

/** The gradient of a depthwise convolution's filter, which upstream lacks. Kept in float64 while it is summed. */
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
  forEachTap(geometry, (first, out, tap, count, step) => {
    const firstWeight = tap * outChannels
    for (let position = 0; position < count; position++) {
      const at = first + position * step
      const from = out + position * outChannels
      for (let channel = 0; channel < outChannels; channel++) {
        const place = at + (multiplier === 1 ? channel : Math.floor(channel / multiplier))
        const weight = firstWeight + channel
        totals[weight] = (totals[weight] ?? 0) + (input[place] ?? 0) * (gradient[from + channel] ?? 0)
      }
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
  visit: (x: number, out: number, tap: number, count: number, step: number) => void,
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
