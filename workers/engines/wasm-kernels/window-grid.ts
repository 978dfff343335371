import type { WindowGeometry } from './attributes.js'
import type { Heap, HeapTensor } from './heap.js'

/** They stay in the cache from being shifted to being multiplied. */
const NUMBERS_AT_ONCE = 2 ** 17

/**
 * Images laid out as a list of places with zeros between rows and between images, for windows with a stride of 1: what
 * a place of the window sees lies equally far from every place of its output.
 */
export interface WindowGrid {
  images: number
  height: number
  width: number
  places: number
  /** How far the first place of the first image is from the beginning. */
  offset: number
}

/** So many places are summed at once by ./column-sums.ts. */
const PLACES_AT_ONCE = 64

/** The zeros after a row are those before the next as well, and so with images; some follow for the largest shift. */
export function gridOf(geometry: WindowGeometry, images: number): WindowGrid {
  const { inHeight, inWidth, filterHeight, filterWidth, padInfo } = geometry
  const height = inHeight + Math.max(padInfo.top, padInfo.bottom)
  const width = inWidth + Math.max(padInfo.left, padInfo.right)
  const largestShift = (filterHeight - 1) * width + filterWidth - 1
  const places = Math.ceil((images * height * width + largestShift) / PLACES_AT_ONCE) * PLACES_AT_ONCE
  return { images, height, width, places, offset: padInfo.top * width + padInfo.left }
}

/** How many images to take at once so that a grid of so many channels stays in the cache; at least one. */
export function imagesWithinCache(geometry: WindowGeometry, channels: number): number {
  const { height, width } = gridOf(geometry, 1)
  return Math.max(1, Math.floor(NUMBERS_AT_ONCE / (height * width * channels)))
}

/** How many places of the grid there are to one of the output: the share of the work that is lost. */
export function gridSurplus(geometry: WindowGeometry): number {
  const { height, width } = gridOf(geometry, 1)
  return (height * width) / (geometry.outHeight * geometry.outWidth)
}

/** How far on the grid from a place of the output to what each place of the window sees, row by row. */
export function shiftsOf({ filterHeight, filterWidth }: WindowGeometry, { width }: WindowGrid): number[] {
  return Array.from({ length: filterHeight * filterWidth }, (_, tap) => {
    const row = Math.floor(tap / filterWidth)
    return row * width + tap - row * filterWidth
  })
}

/** Copies some images, the first of them to the place `offset`: `[places, channels]`. */
export function layOut(
  heap: Heap,
  images: HeapTensor,
  firstImage: number,
  grid: WindowGrid,
  offset: number,
): HeapTensor {
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

/** A tensor's numbers once for each of the distances, moved to the front by it. */
export function shift(heap: Heap, tensor: HeapTensor, distances: readonly number[]): HeapTensor {
  const [rows = 0, ...rest] = tensor.shape
  const shifted = heap.allocate([distances.length * rows, ...rest])
  const from = heap.view(tensor)
  const to = heap.view(shifted)
  for (const [index, distance] of distances.entries()) {
    const end = (index + 1) * from.length
    to.set(from.subarray(distance), index * from.length)
    to.fill(0, end - distance, end)
  }
  return shifted
}
