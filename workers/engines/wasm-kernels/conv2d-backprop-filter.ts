import type { KernelFunc } from '@tensorflow/tfjs-core'
import { convGeometry, type WindowGeometry } from './attributes.js'
import type { FilterGradient } from './filter-gradient.js'
import { createFilterGradientByColumns, windowSize } from './filter-gradient-by-columns.js'
import { createFilterGradientByConvolution } from './filter-gradient-by-convolution.js'
import { createFilterGradientByProduct } from './filter-gradient-by-product.js'
import { createFilterGradientByShifts } from './filter-gradient-by-shifts.js'
import { Heap, requireInput } from './heap.js'
import { gridSurplus } from './window-grid.js'

/** Places of the grid to each of `dy`, from which on a convolution is faster than shifts. */
const LARGEST_SURPLUS = 1.4

/** The gradient of a convolution's filter, which upstream lacks, in the fastest of four ways. */
export function createConv2DBackpropFilter(): KernelFunc {
  const byProduct = createFilterGradientByProduct()
  const byColumns = createFilterGradientByColumns()
  const byShifts = createFilterGradientByShifts()
  const byConvolution = createFilterGradientByConvolution()
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const dy = requireInput(params, 'dy')
    const geometry = convGeometry(params.attrs, { input: x })
    return choose(geometry)(heap, x, dy, geometry)
  }

  function choose(geometry: WindowGeometry): FilterGradient {
    const { filterHeight, filterWidth, strideHeight, strideWidth, outChannels } = geometry
    const isDense = strideHeight === 1 && strideWidth === 1
    if (isDense && filterHeight === 1 && filterWidth === 1) return byProduct
    if (windowSize(geometry) < outChannels) return byColumns
    return isDense && gridSurplus(geometry) < LARGEST_SURPLUS ? byShifts : byConvolution
  }
}
