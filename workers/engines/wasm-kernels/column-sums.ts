import { type Heap, type HeapTensor, upstreamKernel } from './heap.js'

/** A power of two, so that a mean times it is the sum to the last bit. */
const ROWS_AT_ONCE = 64

/** @returns the sum of each of a tensor's last axis' places, over all the axes before */
export type ColumnSums = (heap: Heap, x: HeapTensor) => Float64Array

/**
 * Sums of columns: of some rows at once by upstream's average pooling, which is fast, and of those sums in
 * float64, since a float32 total of some ten thousand numbers has lost its last digits.
 */
export function createColumnSums(): ColumnSums {
  const avgPool = upstreamKernel('AvgPool')
  return (heap, x) => {
    const width = x.shape.at(-1) ?? 1
    const rows = x.shape.slice(0, -1).reduce((product, length) => product * length, 1)
    const blocks = Math.floor(rows / ROWS_AT_ONCE)
    const pooledRows = blocks > 1 ? blocks * ROWS_AT_ONCE : 0
    const sums = new Float64Array(width)
    if (pooledRows > 0) {
      const window = [ROWS_AT_ONCE, 1]
      const images = { ...x, shape: [blocks, ROWS_AT_ONCE, 1, width] }
      const means = heap.run(avgPool, { x: images }, { filterSize: window, strides: window, pad: 'valid' })
      addRows(sums, heap.view(means), ROWS_AT_ONCE)
      heap.free(means)
    }
    addRows(sums, heap.view(x).subarray(pooledRows * width), 1)
    return sums
  }
}

function addRows(sums: Float64Array, values: Float32Array, factor: number): void {
  const width = sums.length
  for (let start = 0; start < values.length; start += width) {
    for (let column = 0; column < width; column++) {
      sums[column] = (sums[column] ?? 0) + (values[start + column] ?? 0) * factor
    }
  }
}
