import type { KernelFunc } from '@tensorflow/tfjs-core'
import { convGeometry, type WindowGeometry } from './attributes.js'
import { Heap, type HeapTensor, requireInput, upstreamKernel } from './heap.js'

/** The most numbers that patches take at once, 64 MiB: a large network would fill the heap otherwise. */
const CHUNK = 2 ** 24

/**
 * The gradient of a convolution's filter, which upstream lacks: `patches · dy`, where `patches`
 * `[kernel height * kernel width * channels, positions]` holds what each filter weight saw (im2col) and `dy`
 * is `[positions, filters]`; one fast matrix product for every few images.
 */
export function createConv2DBackpropFilter(): KernelFunc {
  const matMul = upstreamKernel('BatchMatMul')
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const dy = requireInput(params, 'dy')
    const geometry = convGeometry(params.attrs, { input: x })
    const { batchSize, outHeight, outWidth, outChannels, filterHeight, filterWidth, inChannels } = geometry
    const rows = filterHeight * filterWidth * inChannels
    const positions = outHeight * outWidth
    const imagesAtOnce = Math.max(1, Math.floor(CHUNK / (positions * rows)))

    const output = heap.allocate(geometry.filterShape)
    heap.view(output).fill(0)
    for (let first = 0; first < batchSize; first += imagesAtOnce) {
      const images = Math.min(imagesAtOnce, batchSize - first)
      const patches = heap.allocate([1, rows, images * positions])
      writePatches(heap.view(x), heap.view(patches), geometry, first, images)
      const gradients = takeImages(heap, dy, [1, images * positions, outChannels], first * positions)
      const product = heap.run(matMul, { a: patches, b: gradients }, { transposeA: false, transposeB: false })
      addTo(heap.view(output), heap.view(product))
      heap.free(patches, gradients, product)
    }
    return output
  }
}

/** Some consecutive positions of `dy` as a matrix: the same numbers when they are all of it, else a copy. */
function takeImages(
  heap: Heap,
  dy: HeapTensor,
  shape: [1, number, number],
  firstPosition: number,
): HeapTensor {
  const [, positions, channels] = shape
  const size = positions * channels
  if (size === heap.view(dy).length) return { ...heap.share(dy), shape }
  const part = heap.allocate(shape)
  const start = firstPosition * channels
  heap.view(part).set(heap.view(dy).subarray(start, start + size))
  return part
}

/** Writes for each filter weight, in the filter's order, what it sees at each position; 0 in the padding. */
function writePatches(
  x: Float32Array,
  patches: Float32Array,
  geometry: WindowGeometry,
  firstImage: number,
  images: number,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = geometry
  patches.fill(0)
  let at = 0
  for (let filterRow = 0; filterRow < geometry.filterHeight; filterRow++) {
    for (let filterColumn = 0; filterColumn < geometry.filterWidth; filterColumn++) {
      const offset = filterColumn - padInfo.left
      const begin = Math.min(outWidth, Math.max(0, Math.ceil(-offset / strideWidth)))
      const end = Math.max(begin, Math.min(outWidth, Math.ceil((inWidth - offset) / strideWidth)))
      for (let channel = 0; channel < inChannels; channel++) {
        for (let image = firstImage; image < firstImage + images; image++) {
          for (let outRow = 0; outRow < outHeight; outRow++, at += outWidth) {
            const row = outRow * strideHeight + filterRow - padInfo.top
            if (row < 0 || row >= inHeight) continue
            const step = strideWidth * inChannels
            let from =
              ((image * inHeight + row) * inWidth + begin * strideWidth + offset) * inChannels + channel
            for (let column = begin; column < end; column++, from += step) {
              patches[at + column] = x[from] ?? 0
            }
          }
        }
      }
    }
  }
}

function addTo(total: Float32Array, part: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i] = (total[i] ?? 0) + (part[i] ?? 0)
}
