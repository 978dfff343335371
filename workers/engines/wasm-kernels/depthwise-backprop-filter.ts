import type { KernelFunc } from '@tensorflow/tfjs-core'
import { depthwiseGeometry } from './attributes.js'
import { depthwiseFilterGradientByLoop } from './depthwise-filter-gradient-by-loop.js'
import { createDepthwiseFilterGradientByShifts } from './depthwise-filter-gradient-by-shifts.js'
import { Heap, requireInput } from './heap.js'
import { gridSurplus } from './window-grid.js'

/** Places of the grid to each of `dy`, from which on a loop is faster than shifts. */
const LARGEST_SURPLUS = 2

/**
 * The gradient of a depthwise convolution's filter, which upstream lacks: for each place of the window the sum of
 * what it saw times what came back.
 */
export function createDepthwiseBackpropFilter(): KernelFunc {
  const byShifts = createDepthwiseFilterGradientByShifts()
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const dy = requireInput(params, 'dy')
    const geometry = depthwiseGeometry(params.attrs, { input: x })
    const { strideHeight, strideWidth, inChannels, outChannels } = geometry
    const isPlain = strideHeight === 1 && strideWidth === 1 && inChannels === outChannels
    const isShiftable = isPlain && gridSurplus(geometry) < LARGEST_SURPLUS
    return (isShiftable ? byShifts : depthwiseFilterGradientByLoop)(heap, x, dy, geometry)
  }
}
