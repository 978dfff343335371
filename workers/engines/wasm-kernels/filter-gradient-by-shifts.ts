import type { FilterGradient } from './filter-gradient.js'
import { createMatrixProduct } from './matrix-product.js'
import { turnMatrix } from './turn-matrix.js'
import { gridOf, imagesWithinCache, layOut, shift, shiftsOf } from './window-grid.js'

/** Rows of a product for which upstream is at its fastest. */
const ENOUGH_ROWS = 16
/**
 * For a stride of 1: the product of the images, turned over and shifted by what lies between `dy` and what a place of
 * the window saw, with `dy`. To shift them is to copy.
 */
export function createFilterGradientByShifts(): FilterGradient {
  const multiply = createMatrixProduct()
  return (heap, x, dy, geometry) => {
    const { batchSize, inChannels, outChannels, filterHeight, filterWidth } = geometry
    const taps = filterHeight * filterWidth
    const tapsAtOnce = Math.min(taps, Math.ceil(ENOUGH_ROWS / inChannels))
    const imagesAtOnce = imagesWithinCache(geometry, tapsAtOnce * inChannels)
    const totals = new Float64Array(taps * inChannels * outChannels)
    for (let image = 0; image < batchSize; image += imagesAtOnce) {
      const grid = gridOf(geometry, Math.min(imagesAtOnce, batchSize - image))
      const images = layOut(heap, x, image, grid, grid.offset)
      const turned = turnMatrix(heap, images)
      const upstream = layOut(heap, dy, image, grid, 0)
      const shifts = shiftsOf(geometry, grid)
      for (let tap = 0; tap < taps; tap += tapsAtOnce) {
        const seen = shift(heap, turned, shifts.slice(tap, tap + tapsAtOnce))
        const product = multiply(heap, seen, upstream)
        add(totals, heap.view(product), tap * inChannels * outChannels)
        heap.free(seen, product)
      }
      heap.free(images, turned, upstream)
    }
    const output = heap.allocate(geometry.filterShape)
    heap.view(output).set(totals)
    return output
  }
}

function add(totals: Float64Array, values: Float32Array, first: number): void {
  for (let place = 0; place < values.length; place++) {
    totals[first + place] = (totals[first + place] ?? 0) + (values[place] ?? 0)
  }
}
