import type { WindowGeometry } from './attributes.js'
import type { Heap, HeapTensor } from './heap.js'

/**
 * What a window sees at each of its positions, with zeros where it looks beyond the image: `[batch * out height *
 * out width, filter height * filter width * channels]`.
 */
export function windowColumns(heap: Heap, x: HeapTensor, geometry: WindowGeometry): HeapTensor {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = geometry
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = geometry
  const positions = batchSize * outHeight * outWidth
  const columns = heap.allocate([positions, filterHeight * filterWidth * inChannels])
  const from = heap.view(x)
  const to = heap.view(columns)
  let target = 0
  const rowSize = filterWidth * inChannels
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const left = outColumn * strideWidth - padInfo.left
        // Of a row of the window, the places that are within the image.
        const begin = Math.max(0, -left) * inChannels
        const end = Math.min(filterWidth, inWidth - left) * inChannels
        for (let filterRow = 0; filterRow < filterHeight; filterRow++) {
          const row = outRow * strideHeight - padInfo.top + filterRow
          const isWithin = row >= 0 && row < inHeight
          const source = ((image * inHeight + row) * inWidth + left) * inChannels
          let place = 0
          if (isWithin) {
            for (; place < begin; place++) to[target + place] = 0
            for (; place < end; place++) to[target + place] = from[source + place] ?? 0
          }
          for (; place < rowSize; place++) to[target + place] = 0
          target += rowSize
        }
      }
    }
  }
  return columns
}
