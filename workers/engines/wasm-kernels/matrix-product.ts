import { type Heap, type HeapTensor, upstreamKernel } from './heap.js'

/** @returns `a` times `b`, all three matrices */
export type MatrixProduct = (heap: Heap, a: HeapTensor, b: HeapTensor) => HeapTensor

/**
 * Upstream's product. It rearranges its second side, at a cost; a second time not, where the same tensor is multiplied
 * again.
 */
export function createMatrixProduct(): MatrixProduct {
  const matMul = upstreamKernel('BatchMatMul')
  return (heap, a, b) => {
    const batchOfOne = ({ dataId, dtype, shape }: HeapTensor) => ({ dataId, dtype, shape: [1, ...shape] })
    const inputs = { a: batchOfOne(a), b: batchOfOne(b) }
    const product = heap.run(matMul, inputs, { transposeA: false, transposeB: false })
    return { ...product, shape: product.shape.slice(1) }
  }
}
