import type { WindowGeometry } from './attributes.js'
import type { FilterGradient } from './filter-gradient.js'

/** Sums in float64, one number after another: for windows of any stride, and channels of several filters. */
export const depthwiseFilterGradientByLoop: FilterGradient = (heap, x, dy, geometry) => {
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
