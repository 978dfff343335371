import type { WindowGeometry } from './attributes.js'
import type { Heap, HeapTensor } from './heap.js'

/** @returns the gradient of a convolution's filter, `[filter height, filter width, channels, filters of each or of all]` */
export type FilterGradient = (
  heap: Heap,
  x: HeapTensor,
  dy: HeapTensor,
  geometry: WindowGeometry,
) => HeapTensor
