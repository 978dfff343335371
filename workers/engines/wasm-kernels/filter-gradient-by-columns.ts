import type { WindowGeometry } from './attributes.js'
import type { FilterGradient } from './filter-gradient.js'
import { createMatrixProduct } from './matrix-product.js'
import { turnMatrix } from './turn-matrix.js'
import { windowColumns } from './window-columns.js'

/** Of its second side, upstream's product takes as many columns at a time, whether they are there or not. */
const COLUMNS_AT_ONCE = 8

/**
 * For windows that see few numbers: the product of `dy`, turned over, with what they saw. Two neighbours see much the
 * same. Where they fit, they are taken as one window with twice the filters, the second half of which has its
 * gradients further to the right.
 */
export function createFilterGradientByColumns(): FilterGradient {
  const multiply = createMatrixProduct()
  return (heap, x, dy, geometry) => {
    const { inChannels, outChannels, filterHeight, filterWidth, strideWidth } = geometry
    const neighbours = fitPairs(geometry) ? 2 : 1
    const windows = joinNeighbours(geometry, neighbours)
    const positions = windows.batchSize * windows.outHeight * windows.outWidth
    const seen = windowColumns(heap, x, windows)
    const turned = turnMatrix(heap, { ...dy, shape: [positions, neighbours * outChannels] })
    const product = multiply(heap, turned, seen)
    const output = heap.allocate(geometry.filterShape)
    const from = heap.view(product)
    const to = heap.view(output).fill(0)
    const rowSize = filterWidth * inChannels
    const joinedRowSize = windows.filterWidth * inChannels
    for (let line = 0; line < neighbours * outChannels; line++) {
      const filter = line % outChannels
      const shift = line < outChannels ? 0 : strideWidth * inChannels
      for (let row = 0; row < filterHeight; row++) {
        const source = (line * filterHeight + row) * joinedRowSize + shift
        for (let place = 0; place < rowSize; place++) {
          const target = (row * rowSize + place) * outChannels + filter
          to[target] = (to[target] ?? 0) + (from[source + place] ?? 0)
        }
      }
    }
    heap.free(seen, turned, product)
    return output
  }
}

/** Numbers that a window sees at once. */
export function windowSize({ filterHeight, filterWidth, inChannels }: WindowGeometry): number {
  return filterHeight * filterWidth * inChannels
}

/** Whether two neighbours see no more, in steps of what is computed at once, than one. */
function fitPairs(geometry: WindowGeometry): boolean {
  const [one = 0, two = 0] = [1, 2].map(count =>
    Math.ceil(windowSize(joinNeighbours(geometry, count)) / COLUMNS_AT_ONCE),
  )
  return geometry.outWidth % 2 === 0 && two === one
}

function joinNeighbours(geometry: WindowGeometry, count: number): WindowGeometry {
  const { filterWidth, strideWidth, outWidth } = geometry
  return {
    ...geometry,
    filterWidth: filterWidth + (count - 1) * strideWidth,
    strideWidth: count * strideWidth,
    outWidth: outWidth / count,
  }
}
