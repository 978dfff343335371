import { type Heap, type HeapTensor, upstreamKernel } from './heap.js'

/** @returns `x` times `scale` plus `shift`, each of the two `[channels]` and of x's last axis */
export type ChannelScale = (
  heap: Heap,
  x: HeapTensor,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
) => HeapTensor

/** One pass over the numbers: a depthwise convolution whose window is a single place. */
export function createChannelScale(): ChannelScale {
  const depthwise = upstreamKernel('FusedDepthwiseConv2D')
  return (heap, x, scale, shift) => {
    const channels = scale.length
    const rows = x.shape.reduce((product, length) => product * length, 1) / channels
    const filter = heap.allocate([1, 1, channels, 1])
    const bias = heap.allocate([channels])
    heap.view(filter).set(scale)
    heap.view(bias).set(shift)
    const scaled = heap.run(
      depthwise,
      { x: { ...x, shape: [1, rows, 1, channels] }, filter, bias },
      { strides: 1, dilations: 1, pad: 'valid', dataFormat: 'NHWC', activation: 'linear' },
    )
    heap.free(filter, bias)
    return { ...scaled, shape: x.shape }
  }
}
