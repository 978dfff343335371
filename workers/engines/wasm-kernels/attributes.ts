import { backend_util, type NamedAttrMap } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { HeapTensor } from './heap.js'

const pair = z.tuple([z.number(), z.number()])
const pairOrNumber = z.union([pair, z.number()])
const imageShape = z.tuple([z.number(), z.number(), z.number(), z.number()])
const padding = z.enum(['valid', 'same'])

const convAttributes = z.object({
  strides: pairOrNumber,
  pad: padding,
  dataFormat: z.literal('NHWC'),
  filterShape: imageShape.optional(),
  inputShape: imageShape.optional(),
})

const depthwiseAttributes = z.object({
  strides: pairOrNumber,
  pad: padding,
  dilations: z.union([z.literal(1), z.tuple([z.literal(1), z.literal(1)])]),
  filterShape: imageShape.optional(),
  inputShape: imageShape.optional(),
})

const poolAttributes = z.object({ filterSize: pairOrNumber, strides: pairOrNumber, pad: padding })

const sumAttributes = z.object({
  /** None named means all. */
  axis: z.union([z.number(), z.array(z.number())]).nullish(),
  keepDims: z.boolean().default(false),
})

/** The geometry of a sliding window over images: sizes, strides and padding. */
export type WindowGeometry = backend_util.Conv2DInfo

/** What a convolution's gradient kernels are told: where one shape is not an attribute it is an input's. */
export function convGeometry(
  attrs: NamedAttrMap | undefined,
  shapes: { input?: HeapTensor; filter?: HeapTensor },
): WindowGeometry {
  const { strides, pad, filterShape, inputShape } = convAttributes.parse(attrs)
  return backend_util.computeConv2DInfo(
    inputShape ?? imageShape.parse(shapes.input?.shape),
    filterShape ?? imageShape.parse(shapes.filter?.shape),
    strides,
    1,
    pad,
  )
}

/** The same for depthwise convolutions, whose filters are `[height, width, channels, multiplier]`. */
export function depthwiseGeometry(
  attrs: NamedAttrMap | undefined,
  shapes: { input?: HeapTensor; filter?: HeapTensor },
): WindowGeometry {
  const { strides, pad, filterShape, inputShape } = depthwiseAttributes.parse(attrs)
  return backend_util.computeConv2DInfo(
    inputShape ?? imageShape.parse(shapes.input?.shape),
    filterShape ?? imageShape.parse(shapes.filter?.shape),
    strides,
    1,
    pad,
    undefined,
    true,
  )
}

export function poolGeometry(attrs: NamedAttrMap | undefined, input: HeapTensor): WindowGeometry {
  const { filterSize, strides, pad } = poolAttributes.parse(attrs)
  return backend_util.computePool2DInfo(imageShape.parse(input.shape), filterSize, strides, 1, pad)
}

/** The axes to sum over, in order, and whether they stay as axes of size 1. */
export function sumOptions(
  attrs: NamedAttrMap | undefined,
  rank: number,
): { axes: number[]; keepDims: boolean } {
  const { axis, keepDims } = sumAttributes.parse(attrs)
  const named = axis === undefined || axis === null ? [...Array(rank).keys()] : [axis].flat()
  return { axes: named.map(index => (index < 0 ? index + rank : index)).sort((a, b) => a - b), keepDims }
}
