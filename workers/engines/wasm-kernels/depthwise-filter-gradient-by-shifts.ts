import { createColumnSums } from './column-sums.js'
import type { FilterGradient } from './filter-gradient.js'
import { upstreamKernel } from './heap.js'
import { gridOf, imagesWithinCache, layOut, shift, shiftsOf } from './window-grid.js'

/** For a stride of 1 and channels of one filter each: the sums of the images, shifted, times `dy`. */
export function createDepthwiseFilterGradientByShifts(): FilterGradient {
  const multiply = upstreamKernel('Multiply')
  const columnSums = createColumnSums()
  return (heap, x, dy, geometry) => {
    const { batchSize, inChannels: channels } = geometry
    const imagesAtOnce = imagesWithinCache(geometry, channels)
    const totals = new Float64Array(geometry.filterHeight * geometry.filterWidth * channels)
    for (let image = 0; image < batchSize; image += imagesAtOnce) {
      const grid = gridOf(geometry, Math.min(imagesAtOnce, batchSize - image))
      const images = layOut(heap, x, image, grid, grid.offset)
      const upstream = layOut(heap, dy, image, grid, 0)
      for (const [tap, distance] of shiftsOf(geometry, grid).entries()) {
        const seen = shift(heap, images, [distance * channels])
        const products = heap.run(multiply, { a: seen, b: upstream })
        for (const [channel, sum] of columnSums(heap, products).entries()) {
          const weight = tap * channels + channel
          totals[weight] = (totals[weight] ?? 0) + sum
        }
        heap.free(seen, products)
      }
      heap.free(images, upstream)
    }
    const output = heap.allocate(geometry.filterShape)
    heap.view(output).set(totals)
    return output
  }
}
