import type { KernelFunc } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Heap, requireInput, upstreamKernel } from './heap.js'
import { turnMatrix } from './turn-matrix.js'

const attributes = z.object({ perm: z.array(z.number()) })

/** Turns matrices by blocks; as such count all tensors whose first and last axes change places as a whole. */
export function createTranspose(): KernelFunc {
  const upstreamTranspose = upstreamKernel('Transpose')
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const { perm } = attributes.parse(params.attrs)
    const first = perm[0] ?? 0
    const isRotation = first > 0 && perm.every((axis, place) => axis === (first + place) % perm.length)
    if (!isRotation || x.dtype !== 'float32') return heap.run(upstreamTranspose, { x }, params.attrs)
    const rows = x.shape.slice(0, first).reduce((product, length) => product * length, 1)
    const columns = x.shape.slice(first).reduce((product, length) => product * length, 1)
    const turned = turnMatrix(heap, { ...x, shape: [rows, columns] })
    return { ...turned, shape: perm.map(axis => x.shape[axis] ?? 0) }
  }
}
