import type { KernelFunc } from '@tensorflow/tfjs-core'
import { sumOptions } from './attributes.js'
import { createColumnSums } from './column-sums.js'
import { Heap, requireInput, upstreamKernel } from './heap.js'

/**
 * Sums over the leading axes, which a bias's gradient needs: upstream turns the whole tensor around first,
 * because its kernel sums over the last axes alone, and those other sums are left to it.
 */
export function createSum(): KernelFunc {
  const upstreamSum = upstreamKernel('Sum')
  const columnSums = createColumnSums()
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const { axes, keepDims } = sumOptions(params.attrs, x.shape.length)
    const leading = axes.every((index, place) => index === place) && axes.length < x.shape.length
    if (!leading || axes.length === 0 || x.dtype !== 'float32') {
      return heap.run(upstreamSum, { x }, params.attrs)
    }
    const rest = x.shape.slice(axes.length)
    const width = rest.reduce((product, length) => product * length, 1)
    const rows = x.shape.slice(0, axes.length).reduce((product, length) => product * length, 1)
    const sums = heap.tensorOf(columnSums(heap, { ...x, shape: [rows, width] }))
    return { ...sums, shape: [...(keepDims ? axes.map(() => 1) : []), ...rest] }
  }
}
