import type { FilterGradient } from './filter-gradient.js'
import { createMatrixProduct } from './matrix-product.js'
import { turnMatrix } from './turn-matrix.js'

/** For windows of a single place, which see all there is: the product of the images with `dy`, one of the two turned over. */
export function createFilterGradientByProduct(): FilterGradient {
  const multiply = createMatrixProduct()
  return (heap, x, dy, { batchSize, outHeight, outWidth, inChannels, outChannels, filterShape }) => {
    const positions = batchSize * outHeight * outWidth
    const images = { ...x, shape: [positions, inChannels] }
    const upstream = { ...dy, shape: [positions, outChannels] }
    // The second side of a product is rearranged: better the smaller one.
    const areImagesSmaller = inChannels < outChannels
    const turned = turnMatrix(heap, areImagesSmaller ? upstream : images)
    const product = multiply(heap, turned, areImagesSmaller ? images : upstream)
    const output = areImagesSmaller ? turnMatrix(heap, product) : product
    heap.free(turned)
    if (areImagesSmaller) heap.free(product)
    return { ...output, shape: filterShape }
  }
}
