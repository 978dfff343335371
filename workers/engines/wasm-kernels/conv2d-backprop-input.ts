import type { KernelFunc } from '@tensorflow/tfjs-core'
import { convGeometry, type WindowGeometry } from './attributes.js'
import { Heap, type HeapTensor, requireInput, upstreamKernel } from './heap.js'
import { spreadGradient } from './spread-gradient.js'

/**
 * The gradient of a convolution's input, where upstream's own kernel is a plain loop: itself a convolution,
 * of `dy` (with zeros between its rows and columns where the stride was above 1) with the filter turned by
 * half a turn. See V. Dumoulin and F. Visin, “A guide to convolution arithmetic for deep learning”,
 * arXiv:1603.07285, section 4.
 */
export function createConv2DBackpropInput(): KernelFunc {
  const conv2d = upstreamKernel('Conv2D')
  return params => {
    const heap = new Heap(params)
    const dy = requireInput(params, 'dy')
    const filter = requireInput(params, 'filter')
    const geometry = convGeometry(params.attrs, { filter })
    const { inHeight, inWidth, filterHeight, filterWidth, padInfo } = geometry

    const turned = turnFilter(heap, filter, geometry)
    const spread = spreadGradient(heap, dy, geometry)
    const [, spreadHeight = 0, spreadWidth = 0] = spread.shape
    const top = filterHeight - 1 - padInfo.top
    const left = filterWidth - 1 - padInfo.left
    const output = heap.run(
      conv2d,
      { x: spread, filter: turned },
      {
        strides: [1, 1],
        dilations: [1, 1],
        dataFormat: 'NHWC',
        pad: [
          [0, 0],
          [top, inHeight + filterHeight - 1 - spreadHeight - top],
          [left, inWidth + filterWidth - 1 - spreadWidth - left],
          [0, 0],
        ],
      },
    )
    heap.free(turned)
    if (spread !== dy) heap.free(spread)
    return output
  }
}

/** `[height, width, in, out]` to `[height, width, out, in]`, the window turned by half a turn. */
function turnFilter(heap: Heap, filter: HeapTensor, geometry: WindowGeometry): HeapTensor {
  const { filterHeight, filterWidth, inChannels, outChannels } = geometry
  const turned = heap.allocate([filterHeight, filterWidth, outChannels, inChannels])
  const from = heap.view(filter)
  const to = heap.view(turned)
  const taps = filterHeight * filterWidth
  for (let tap = 0; tap < taps; tap++) {
    const target = (taps - 1 - tap) * inChannels * outChannels
    for (let input = 0; input < inChannels; input++) {
      for (let output = 0; output < outChannels; output++) {
        to[target + output * inChannels + input] =
          from[(tap * inChannels + input) * outChannels + output] ?? 0
      }
    }
  }
  return turned
}
