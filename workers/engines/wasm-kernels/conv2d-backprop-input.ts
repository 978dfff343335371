import type { KernelConfig, KernelFunc } from '@tensorflow/tfjs-core'
import { convGeometry, type WindowGeometry } from './attributes.js'
import { Heap, type HeapTensor, requireInput, upstreamKernel } from './heap.js'

/**
 * The gradient of a convolution's input, where upstream's own kernel is a plain loop: itself a convolution, of `dy`
 * with the filter turned by half a turn. Where the stride is above 1, a row of the input sees only every so many
 * rows of the filter, and so does a column: rows and columns that see the same are a convolution of their own.
 * See V. Dumoulin and F. Visin, “A guide to convolution arithmetic for deep learning”, arXiv:1603.07285, section 4.
 */
export function createConv2DBackpropInput(): KernelFunc {
  const conv2d = upstreamKernel('Conv2D')
  return params => {
    const heap = new Heap(params)
    const dy = requireInput(params, 'dy')
    const filter = requireInput(params, 'filter')
    const geometry = convGeometry(params.attrs, { filter })
    const { batchSize, inHeight, inWidth, inChannels, strideHeight, strideWidth } = geometry
    if (strideHeight === 1 && strideWidth === 1) {
      return convolvePhase(
        heap,
        conv2d,
        dy,
        filter,
        geometry,
        rowPhase(geometry, 0),
        columnPhase(geometry, 0),
      )
    }
    const output = heap.allocate([batchSize, inHeight, inWidth, inChannels])
    heap.view(output).fill(0)
    for (let top = 0; top < Math.min(strideHeight, inHeight); top++) {
      for (let left = 0; left < Math.min(strideWidth, inWidth); left++) {
        const [rows, columns] = [rowPhase(geometry, top), columnPhase(geometry, left)]
        // Under no place of the window, nothing comes back.
        if (rows.taps === 0 || columns.taps === 0) continue
        const part = convolvePhase(heap, conv2d, dy, filter, geometry, rows, columns)
        place(heap, part, output, { top, left, rows: rows.count, columns: columns.count }, geometry)
        heap.free(part)
      }
    }
    return output
  }
}

/** Along one axis, the places of the input that are as far from the beginning of a stride. */
interface Phase {
  /** How many there are. */
  count: number
  /** Of the filter's places, the first that sees them, how far apart those are that do, and how many. */
  firstTap: number
  stride: number
  taps: number
  /** Zeros before and after `dy`; after it, less than none where its last numbers are not asked for. */
  before: number
  after: number
}

function rowPhase(
  { inHeight, outHeight, filterHeight, strideHeight, padInfo }: WindowGeometry,
  first: number,
) {
  return phaseOf(inHeight, outHeight, filterHeight, strideHeight, padInfo.top, first)
}

function columnPhase(
  { inWidth, outWidth, filterWidth, strideWidth, padInfo }: WindowGeometry,
  first: number,
) {
  return phaseOf(inWidth, outWidth, filterWidth, strideWidth, padInfo.left, first)
}

function phaseOf(
  size: number,
  outSize: number,
  window: number,
  stride: number,
  pad: number,
  first: number,
): Phase {
  const count = Math.ceil((size - first) / stride)
  const firstTap = (first + pad) % stride
  const taps = Math.max(0, Math.ceil((window - firstTap) / stride))
  const offset = (first + pad - firstTap) / stride
  return { count, firstTap, stride, taps, before: taps - 1 - offset, after: count + offset - outSize }
}

/** @returns `[batch, at least rows.count, at least columns.count, channels]` */
function convolvePhase(
  heap: Heap,
  conv2d: KernelConfig,
  dy: HeapTensor,
  filter: HeapTensor,
  geometry: WindowGeometry,
  rows: Phase,
  columns: Phase,
): HeapTensor {
  const turned = turnFilter(heap, filter, geometry, rows, columns)
  const output = heap.run(
    conv2d,
    { x: dy, filter: turned },
    {
      strides: [1, 1],
      dilations: [1, 1],
      dataFormat: 'NHWC',
      pad: [
        [0, 0],
        [rows.before, Math.max(0, rows.after)],
        [columns.before, Math.max(0, columns.after)],
        [0, 0],
      ],
    },
  )
  heap.free(turned)
  return output
}

/** What of the filter `[height, width, in, out]` sees a phase: turned by half a turn, `[rows, columns, out, in]`. */
function turnFilter(
  heap: Heap,
  filter: HeapTensor,
  { filterWidth, inChannels, outChannels }: WindowGeometry,
  rows: Phase,
  columns: Phase,
): HeapTensor {
  const turned = heap.allocate([rows.taps, columns.taps, outChannels, inChannels])
  const from = heap.view(filter)
  const to = heap.view(turned)
  let target = 0
  for (let row = rows.taps - 1; row >= 0; row--) {
    for (let column = columns.taps - 1; column >= 0; column--) {
      const tap =
        (rows.firstTap + row * rows.stride) * filterWidth + columns.firstTap + column * columns.stride
      for (let output = 0; output < outChannels; output++) {
        for (let input = 0; input < inChannels; input++) {
          to[target++] = from[(tap * inChannels + input) * outChannels + output] ?? 0
        }
      }
    }
  }
  return turned
}

/** Puts a phase's numbers in their places, a stride apart. */
function place(
  heap: Heap,
  part: HeapTensor,
  output: HeapTensor,
  { top, left, rows, columns }: { top: number; left: number; rows: number; columns: number },
  { batchSize, inHeight, inWidth, inChannels, strideHeight, strideWidth }: WindowGeometry,
): void {
  const [, partHeight = 0, partWidth = 0] = part.shape
  const from = heap.view(part)
  const to = heap.view(output)
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < rows; row++) {
      let source = (image * partHeight + row) * partWidth * inChannels
      let target = ((image * inHeight + top + row * strideHeight) * inWidth + left) * inChannels
      for (let column = 0; column < columns; column++) {
        for (let channel = 0; channel < inChannels; channel++) to[target + channel] = from[source++] ?? 0
        target += strideWidth * inChannels
      }
    }
  }
}
