import type { KernelFunc } from '@tensorflow/tfjs-core'
import { convGeometry, type WindowGeometry } from './attributes.js'
import { Heap, type HeapTensor, requireInput, upstreamKernel } from './heap.js'
import { moveBatchInwards, swapBatchAndChannels } from './turn-batch.js'
import { turnMatrix } from './turn-matrix.js'
import { windowColumns } from './window-columns.js'

/**
 * The gradient of a convolution's filter, which upstream lacks: itself a convolution, of the images with `dy` as
 * its filter. Channels take the place of the batch and the batch that of the channels, so that it sums over the
 * batch, and what was the stride becomes the dilation. See V. Dumoulin and F. Visin, “A guide to convolution
 * arithmetic for deep learning”, arXiv:1603.07285. Where a window sees little at once, a matrix product is faster.
 */
export function createConv2DBackpropFilter(): KernelFunc {
  const conv2d = upstreamKernel('Conv2D')
  const matMul = upstreamKernel('BatchMatMul')
  const transpose = upstreamKernel('Transpose')
  const slice = upstreamKernel('Slice')
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const dy = requireInput(params, 'dy')
    const geometry = convGeometry(params.attrs, { input: x })
    if (isPointwise(geometry) || windowSize(geometry) < geometry.outChannels) {
      return multiplySeen(heap, x, dy, geometry)
    }
    const images = swapBatchAndChannels(heap, x)
    const filter = moveBatchInwards(heap, dy)
    const gradient = correlate(heap, images, filter, geometry)
    const output = heap.run(transpose, { x: gradient }, { perm: [1, 2, 0, 3] })
    heap.free(images, filter, gradient)
    return output
  }

  /** The product of what the windows saw with `dy`. */
  function multiplySeen(heap: Heap, x: HeapTensor, dy: HeapTensor, geometry: WindowGeometry): HeapTensor {
    const { batchSize, outHeight, outWidth, inChannels, outChannels, filterShape } = geometry
    const positions = batchSize * outHeight * outWidth
    const upstream = { ...dy, shape: [positions, outChannels] }
    const pointwise = isPointwise(geometry)
    const seen = pointwise ? { ...x, shape: [positions, inChannels] } : windowColumns(heap, x, geometry)
    // Upstream's product rearranges its second side, at a cost: the smaller one.
    const isSeenSmaller = windowSize(geometry) < outChannels
    const turned = turnMatrix(heap, isSeenSmaller ? upstream : seen)
    const product = multiply(heap, turned, isSeenSmaller ? seen : upstream)
    const output = isSeenSmaller ? turnMatrix(heap, product) : product
    heap.free(turned)
    if (!pointwise) heap.free(seen)
    if (isSeenSmaller) heap.free(product)
    return { ...output, shape: filterShape }
  }

  function multiply(heap: Heap, a: HeapTensor, b: HeapTensor): HeapTensor {
    const batchOfOne = ({ dataId, dtype, shape }: HeapTensor) => ({ dataId, dtype, shape: [1, ...shape] })
    const product = heap.run(
      matMul,
      { a: batchOfOne(a), b: batchOfOne(b) },
      { transposeA: false, transposeB: false },
    )
    return { ...product, shape: product.shape.slice(1) }
  }

  /** @returns `[channels, filter height, filter width, filters]` */
  function correlate(
    heap: Heap,
    images: HeapTensor,
    filter: HeapTensor,
    geometry: WindowGeometry,
  ): HeapTensor {
    const { inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth, padInfo } = geometry
    // Where the last rows or columns were under no window, the output comes out larger: what is too much is cut.
    const bottom = (outHeight - 1) * strideHeight + geometry.filterHeight - inHeight - padInfo.top
    const right = (outWidth - 1) * strideWidth + geometry.filterWidth - inWidth - padInfo.left
    const gradient = heap.run(
      conv2d,
      { x: images, filter },
      {
        strides: [1, 1],
        dilations: [strideHeight, strideWidth],
        dataFormat: 'NHWC',
        pad: [
          [0, 0],
          [padInfo.top, Math.max(0, bottom)],
          [padInfo.left, Math.max(0, right)],
          [0, 0],
        ],
      },
    )
    if (bottom >= 0 && right >= 0) return gradient
    const [channels = 0, , , filters = 0] = gradient.shape
    const size = [channels, geometry.filterHeight, geometry.filterWidth, filters]
    const cut = heap.run(slice, { x: gradient }, { begin: [0, 0, 0, 0], size })
    heap.free(gradient)
    return cut
  }
}

/** Numbers that a window sees at once. */
function windowSize({ filterHeight, filterWidth, inChannels }: WindowGeometry): number {
  return filterHeight * filterWidth * inChannels
}

function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth }: WindowGeometry): boolean {
  return filterHeight === 1 && filterWidth === 1 && strideHeight === 1 && strideWidth === 1
}
