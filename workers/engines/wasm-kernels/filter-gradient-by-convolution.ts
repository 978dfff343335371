import type { WindowGeometry } from './attributes.js'
import type { FilterGradient } from './filter-gradient.js'
import { type Heap, type HeapTensor, upstreamKernel } from './heap.js'
import { moveBatchInwards, swapBatchAndChannels } from './turn-batch.js'

/**
 * A convolution of the images with `dy` as its filter. Channels take the place of the batch and the batch that of the
 * channels, so that it sums over the batch, and what was the stride becomes the dilation. See V. Dumoulin and F. Visin,
 * “A guide to convolution arithmetic for deep learning”, arXiv:1603.07285.
 */
export function createFilterGradientByConvolution(): FilterGradient {
  const conv2d = upstreamKernel('Conv2D')
  const transpose = upstreamKernel('Transpose')
  const slice = upstreamKernel('Slice')
  return (heap, x, dy, geometry) => {
    const images = swapBatchAndChannels(heap, x)
    const filter = moveBatchInwards(heap, dy)
    const gradient = correlate(heap, images, filter, geometry)
    const output = heap.run(transpose, { x: gradient }, { perm: [1, 2, 0, 3] })
    heap.free(images, filter, gradient)
    return output
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
