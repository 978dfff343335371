import type { WindowGeometry } from './attributes.js'
import type { Heap, HeapTensor } from './heap.js'

/**
 * What a window sees at each of its positions, with zeros where it looks beyond the image: `[batch * out height *
 * out width, filter height * filter width * channels]`.
 */
export function windowColumns(heap: Heap, x: HeapTensor, geometry: WindowGeometry): HeapTensor {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = geometry
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = geometry
  const rowSize = filterWidth * inChannels
  const size = filterHeight * rowSize
  const columns = heap.allocate([batchSize * outHeight * outWidth, size])
  const from = heap.bits(x)
  const to = heap.bits(columns)
  if (Object.values(padInfo).some(side => typeof side === 'number' && side > 0)) to.fill(0)
  const step = strideWidth * inChannels
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const firstTarget = (image * outHeight + outRow) * outWidth * size
      for (let filterRow = 0; filterRow < filterHeight; filterRow++) {
        const row = outRow * strideHeight - padInfo.top + filterRow
        if (row < 0 || row >= inHeight) continue
        const firstSource = ((image * inHeight + row) * inWidth - padInfo.left) * inChannels
        // One of the window's places at all its positions in this row, before the next: windows are narrow.
        for (let place = 0; place < rowSize; place++) {
          const offset = Math.floor(place / inChannels) - padInfo.left
          const begin = Math.max(0, Math.ceil(-offset / strideWidth))
          const end = Math.min(outWidth, Math.ceil((inWidth - offset) / strideWidth))
          let source = firstSource + begin * step + place
          let target = firstTarget + begin * size + filterRow * rowSize + place
          let column = begin
          for (; column + 4 <= end; column += 4) {
            to[target] = from[source] ?? 0
            to[target + size] = from[source + step] ?? 0
            to[target + 2 * size] = from[source + 2 * step] ?? 0
            to[target + 3 * size] = from[source + 3 * step] ?? 0
            source += 4 * step
            target += 4 * size
          }
          for (; column < end; column++) {
            to[target] = from[source] ?? 0
            source += step
            target += size
          }
        }
      }
    }
  }
  return columns
}
