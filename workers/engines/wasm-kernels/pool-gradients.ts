import type { KernelFunc } from '@tensorflow/tfjs-core'
import { poolGeometry, type WindowGeometry } from './attributes.js'
import { Heap, requireInput } from './heap.js'

/**
 * The gradient of max pooling: it goes to the first of a window's largest numbers. Upstream 4.22 starts its
 * search at the smallest positive float instead of minus infinity, and so loses the gradient of every window
 * without a positive number.
 */
export const maxPoolGrad: KernelFunc = params => {
  const heap = new Heap(params)
  const x = requireInput(params, 'input')
  const dy = requireInput(params, 'dy')
  const geometry = poolGeometry(params.attrs, x)
  const channels = geometry.inChannels
  const output = heap.allocate(x.shape)
  const input = heap.bits(x)
  const gradient = heap.view(dy)
  if (isPlain2x2(geometry)) {
    const largest = heap.bits(requireInput(params, 'output'))
    maxPool2x2Grad(input, largest, heap.bits(dy), heap.bits(output), geometry)
    return output
  }
  const dx = heap.view(output).fill(0)

  forEachWindow(geometry, (window, taps, count) => {
    for (let channel = 0; channel < channels; channel++) {
      let place = (taps[0] ?? 0) + channel
      let largest = sortable(input[place] ?? 0)
      for (let tap = 1; tap < count; tap++) {
        const candidate = (taps[tap] ?? 0) + channel
        const value = sortable(input[candidate] ?? 0)
        const mask = isLess(largest, value)
        largest ^= (largest ^ value) & mask
        place ^= (place ^ candidate) & mask
      }
      dx[place] = (dx[place] ?? 0) + (gradient[window + channel] ?? 0)
    }
  })
  return output
}

/** Whether windows are of four numbers each, and no number is under two of them. */
function isPlain2x2({
  filterHeight,
  filterWidth,
  strideHeight,
  strideWidth,
  padInfo,
}: WindowGeometry): boolean {
  const sizes = [filterHeight, filterWidth, strideHeight, strideWidth]
  return (
    sizes.every(size => size === 2) && Object.values(padInfo).every(side => side === 0 || side === 'VALID')
  )
}

/**
 * The same of windows of 2x2, whose largest numbers are known: each number is read once, and compared without an `if`.
 * All are given as bits.
 */
function maxPool2x2Grad(
  input: Int32Array,
  largest: Int32Array,
  dy: Int32Array,
  dx: Int32Array,
  geometry: WindowGeometry,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = geometry
  const rowSize = inWidth * inChannels
  const fromRightToBelow = rowSize - inChannels
  dx.fill(0)
  let window = 0
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      let place = (image * inHeight + 2 * row) * rowSize
      for (let column = 0; column < outWidth; column++) {
        for (let end = place + inChannels; place < end; place++) {
          const value = largest[window] ?? 0
          // Which it is not: all ones where it is none of the first, the first two, the first three.
          const first = isOther(value, input[place] ?? 0)
          const second = first & isOther(value, input[place + inChannels] ?? 0)
          const third = second & isOther(value, input[place + rowSize] ?? 0)
          const offset = (first & inChannels) + (second & fromRightToBelow) + (third & inChannels)
          dx[place + offset] = dy[window++] ?? 0
        }
        place += inChannels
      }
    }
  }
}

// Which number is the largest is as good as random, and a processor that guesses wrong at every second `if`
// takes twice as long. So numbers are compared without one, by integer arithmetic on their bits.

/** All ones when the two differ, else 0. */
function isOther(a: number, b: number): number {
  const difference = (a - b) | 0
  return (difference | -difference) >> 31
}

/** The bits of a float32 as an integer of the same order. */
function sortable(bits: number): number {
  return bits ^ ((bits >> 31) & 0x7fffffff)
}

/** All ones when `a < b`, else 0 (H. S. Warren, Hacker's Delight, section 2-12). */
function isLess(a: number, b: number): number {
  const difference = (a - b) | 0
  return (difference ^ ((a ^ b) & (difference ^ a))) >> 31
}

/** The gradient of average pooling: shared evenly among a window's numbers, padding left out of the count. */
export const avgPoolGrad: KernelFunc = params => {
  const heap = new Heap(params)
  const x = requireInput(params, 'input')
  const dy = requireInput(params, 'dy')
  const geometry = poolGeometry(params.attrs, x)
  const channels = geometry.inChannels
  const output = heap.allocate(x.shape)
  const gradient = heap.view(dy)
  if (isPlain2x2(geometry)) {
    avgPool2x2Grad(gradient, heap.view(output), geometry)
    return output
  }
  const dx = heap.view(output).fill(0)
  forEachWindow(geometry, (window, taps, count) => {
    for (let tap = 0; tap < count; tap++) {
      const start = taps[tap] ?? 0
      for (let channel = 0; channel < channels; channel++) {
        dx[start + channel] = (dx[start + channel] ?? 0) + (gradient[window + channel] ?? 0) / count
      }
    }
  })
  return output
}

function avgPool2x2Grad(dy: Float32Array, dx: Float32Array, geometry: WindowGeometry): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth } = geometry
  const rowSize = inWidth * inChannels
  if (inHeight > 2 * outHeight || inWidth > 2 * outWidth) dx.fill(0)
  let window = 0
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      let place = (image * inHeight + 2 * row) * rowSize
      for (let column = 0; column < outWidth; column++) {
        for (let end = place + inChannels; place < end; place++) {
          const share = (dy[window++] ?? 0) / 4
          dx[place] = share
          dx[place + inChannels] = share
          dx[place + rowSize] = share
          dx[place + rowSize + inChannels] = share
        }
        place += inChannels
      }
    }
  }
}

/**
 * Visits every window of every image: where its output's channels begin, and where those of the numbers under
 * it do, row by row, padding left out. `taps` is reused; only its first `count` places are meant.
 */
function forEachWindow(
  geometry: WindowGeometry,
  visit: (window: number, taps: Int32Array, count: number) => void,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, padInfo } = geometry
  const taps = new Int32Array(filterHeight * filterWidth)
  let window = 0
  for (let image = 0; image < geometry.batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const top = outRow * geometry.strideHeight - padInfo.top
      const firstRow = Math.max(0, top)
      const endRow = Math.min(inHeight, top + filterHeight)
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const left = outColumn * geometry.strideWidth - padInfo.left
        const firstColumn = Math.max(0, left)
        const endColumn = Math.min(inWidth, left + filterWidth)
        let count = 0
        for (let row = firstRow; row < endRow; row++) {
          for (let column = firstColumn; column < endColumn; column++) {
            taps[count++] = ((image * inHeight + row) * inWidth + column) * inChannels
          }
        }
        visit(window, taps, count)
        window += inChannels
      }
    }
  }
}
