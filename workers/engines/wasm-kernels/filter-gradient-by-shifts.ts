import type { WindowGeometry } from './attributes.js'
import type { FilterGradient } from './filter-gradient.js'
import type { Heap, HeapTensor } from './heap.js'
import { createMatrixProduct } from './matrix-product.js'
import { turnMatrix } from './turn-matrix.js'

/** Rows of a product for which upstream is at its fastest. */
const ENOUGH_ROWS = 16
/** Numbers of a product's first side: they stay in the cache between being shifted and being multiplied. */
const NUMBERS_AT_ONCE = 2 ** 17

/**
 * For a stride of 1. Images and `dy` are laid out on one grid, with zeros between rows and between images, so that what a
 * place of the window saw lies equally far from every place of `dy`: its gradients are the product of the images, turned
 * over and shifted by that, with `dy`. To shift them is to copy.
 */
export function createFilterGradientByShifts(): FilterGradient {
  const multiply = createMatrixProduct()
  return (heap, x, dy, geometry) => {
    const { batchSize, inChannels, outChannels, filterHeight, filterWidth, padInfo } = geometry
    const taps = filterHeight * filterWidth
    const tapsAtOnce = Math.min(taps, Math.ceil(ENOUGH_ROWS / inChannels))
    const perImage = tapsAtOnce * inChannels * gridOf(geometry, 1).places
    const imagesAtOnce = Math.max(1, Math.floor(NUMBERS_AT_ONCE / perImage))
    const totals = new Float64Array(taps * inChannels * outChannels)
    for (let image = 0; image < batchSize; image += imagesAtOnce) {
      const grid = gridOf(geometry, Math.min(imagesAtOnce, batchSize - image))
      const images = layOut(heap, x, image, grid, padInfo.top * grid.width + padInfo.left)
      const turned = turnMatrix(heap, images)
      const upstream = layOut(heap, dy, image, grid, 0)
      for (let tap = 0; tap < taps; tap += tapsAtOnce) {
        const seen = shift(heap, turned, shiftsOf(tap, Math.min(tapsAtOnce, taps - tap), geometry))
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

/** How many places of the grid there are to one of `dy`: the share of the work that is lost. */
export function gridSurplus(geometry: WindowGeometry): number {
  const { height, width } = gridOf(geometry, 1)
  return (height * width) / (geometry.outHeight * geometry.outWidth)
}

interface Grid {
  images: number
  height: number
  width: number
  places: number
}

/** The zeros after a row are those before the next as well, and so with images; some follow for the largest shift. */
function gridOf(
  { inHeight, inWidth, filterHeight, filterWidth, padInfo }: WindowGeometry,
  images: number,
): Grid {
  const height = inHeight + Math.max(padInfo.top, padInfo.bottom)
  const width = inWidth + Math.max(padInfo.left, padInfo.right)
  const largestShift = (filterHeight - 1) * width + filterWidth - 1
  return { images, height, width, places: images * height * width + largestShift }
}

/** Of places of the window: how far on the grid from a place of `dy` to what they saw. */
function shiftsOf(first: number, count: number, geometry: WindowGeometry): number[] {
  const { width } = gridOf(geometry, 1)
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor((first + index) / geometry.filterWidth)
    return row * width + first + index - row * geometry.filterWidth
  })
}

/** Copies some images to a grid `[places, channels]`, the first number to its place `offset`. */
function layOut(heap: Heap, images: HeapTensor, firstImage: number, grid: Grid, offset: number): HeapTensor {
  const [, height = 0, width = 0, channels = 0] = images.shape
  const laidOut = heap.allocate([grid.places, channels])
  const from = heap.view(images)
  const to = heap.view(laidOut).fill(0)
  const rowSize = width * channels
  for (let image = 0; image < grid.images; image++) {
    for (let row = 0; row < height; row++) {
      const source = ((firstImage + image) * height + row) * rowSize
      const target = offset + (image * grid.height + row) * grid.width
      to.set(from.subarray(source, source + rowSize), target * channels)
    }
  }
  return laidOut
}

/** The rows of a matrix once for each of the shifts, moved to the left by it. */
function shift(heap: Heap, matrix: HeapTensor, shifts: readonly number[]): HeapTensor {
  const [rows = 0, columns = 0] = matrix.shape
  const shifted = heap.allocate([shifts.length * rows, columns])
  const from = heap.view(matrix)
  const to = heap.view(shifted)
  for (const [index, distance] of shifts.entries()) {
    const end = (index + 1) * from.length
    to.set(from.subarray(distance), index * from.length)
    to.fill(0, end - distance, end)
  }
  return shifted
}

function add(totals: Float64Array, values: Float32Array, first: number): void {
  for (let place = 0; place < values.length; place++) {
    totals[first + place] = (totals[first + place] ?? 0) + (values[place] ?? 0)
  }
}
