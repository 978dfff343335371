import type { KernelFunc } from '@tensorflow/tfjs-core'
import { convGeometry, type WindowGeometry } from './attributes.js'
import { Heap, type HeapTensor, requireInput, upstreamKernel } from './heap.js'

/**
 * The gradient of a convolution's filter, which upstream lacks: itself a convolution, of the images with `dy` as
 * its filter. Channels take the place of the batch and the batch that of the channels, so that it sums over the
 * batch, and what was the stride becomes the dilation. See V. Dumoulin and F. Visin, “A guide to convolution
 * arithmetic for deep learning”, arXiv:1603.07285.
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
    const { batchSize, outHeight, outWidth, inChannels, outChannels } = geometry
    if (isPointwise(geometry)) {
      const positions = batchSize * outHeight * outWidth
      const turned = heap.run(transpose, { x: { ...x, shape: [positions, inChannels] } }, { perm: [1, 0] })
      const product = heap.run(
        matMul,
        {
          a: { ...turned, shape: [1, inChannels, positions] },
          b: { ...dy, shape: [1, positions, outChannels] },
        },
        { transposeA: false, transposeB: false },
      )
      heap.free(turned)
      return { ...product, shape: geometry.filterShape }
    }
    const images = heap.run(transpose, { x }, { perm: [3, 1, 2, 0] })
    const filter = heap.run(transpose, { x: dy }, { perm: [1, 2, 0, 3] })
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

function isPointwise({ filterHeight, filterWidth, strideHeight, strideWidth }: WindowGeometry): boolean {
  return filterHeight === 1 && filterWidth === 1 && strideHeight === 1 && strideWidth === 1
}
