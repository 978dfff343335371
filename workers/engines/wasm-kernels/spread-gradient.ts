import type { WindowGeometry } from './attributes.js'
import type { Heap, HeapTensor } from './heap.js'

/** Puts `stride - 1` zeros between rows and columns; `dy` itself when the stride is 1. */
export function spreadGradient(heap: Heap, dy: HeapTensor, geometry: WindowGeometry): HeapTensor {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth } = geometry
  if (strideHeight === 1 && strideWidth === 1) return dy
  const height = (outHeight - 1) * strideHeight + 1
  const width = (outWidth - 1) * strideWidth + 1
  const spread = heap.allocate([batchSize, height, width, outChannels])
  const from = heap.view(dy)
  const to = heap.view(spread).fill(0)
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        const source = ((image * outHeight + row) * outWidth + column) * outChannels
        const target = ((image * height + row * strideHeight) * width + column * strideWidth) * outChannels
        to.set(from.subarray(source, source + outChannels), target)
      }
    }
  }
  return spread
}
