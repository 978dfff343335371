import { activation, add, batchNormalization, conv2d, dense, depthwiseConv2d, dropout } from '../layers.js'
import type { LayerSpec, Pair } from '../network.js'
import type { NetworkBuilder, Node } from '../network-builder.js'

export const relu = activation('relu')
export const relu6 = activation('relu6')

/**
 * As in most published trainings: with Keras' 0.99 the moving averages of a short run would still be near
 * where they began.
 */
const normalization = batchNormalization({ momentum: 0.9, epsilon: 1e-5 })

/**
 * A convolution, batch normalisation in the place of its bias, and what comes after. Weights begin as in K. He et
 * al., “Delving deep into rectifiers”, ICCV 2015.
 * @param after usually an activation; nothing makes it linear
 */
export function normalizedConv(
  filters: number,
  kernelSize: number | Pair,
  { strides = 1, after = [] }: { strides?: number; after?: readonly LayerSpec[] } = {},
): LayerSpec[] {
  const options = { strides, padding: 'same', useBias: false, kernelInitializer: 'heNormal' } as const
  return [conv2d(filters, kernelSize, options), normalization, ...after]
}

/** The same of a 3x3 depthwise convolution, each of whose outputs is made of nine numbers. */
export function normalizedDepthwiseConv(strides: number, after: LayerSpec): LayerSpec[] {
  const options = {
    strides,
    padding: 'same',
    useBias: false,
    kernelInitializer: 'heNormalDepthwise',
  } as const
  return [depthwiseConv2d(3, options), normalization, after]
}

/** A 3x3 convolution with a bias, batch normalisation and ReLU. */
export function normalizedBiasedConv(filters: number): LayerSpec[] {
  return [conv2d(filters, 3, { padding: 'same', kernelInitializer: 'heNormal' }), normalization, relu]
}

/**
 * Two 3x3 convolutions around which their input is carried past and added.
 * Source: K. He, X. Zhang, S. Ren and J. Sun, “Deep residual learning for image recognition”, CVPR 2016, figure 5.
 * @param shortcut what the input goes through where the sum would not fit without it
 */
export function basicBlock(
  builder: NetworkBuilder,
  input: Node,
  filters: number,
  { strides = 1, shortcut = [] }: { strides?: number; shortcut?: readonly LayerSpec[] } = {},
): Node {
  const residual = builder.sequence(
    [...normalizedConv(filters, 3, { strides, after: [relu] }), ...normalizedConv(filters, 3)],
    input,
  )
  return builder.sequence([relu], builder.add(add(), [residual, builder.sequence(shortcut, input)]))
}

/** A dropout layer, or none at a rate of 0. */
export function dropoutLayer(rate: number): LayerSpec[] {
  return rate > 0 ? [dropout(rate)] : []
}

/** A dense layer that rectifies, with its dropout. */
export function hiddenLayer(units: number, rate: number): LayerSpec[] {
  return [dense(units, { activation: 'relu', kernelInitializer: 'heNormal' }), ...dropoutLayer(rate)]
}

/** One probability a class. */
export function classifier(classes: number): LayerSpec {
  return dense(classes, { activation: 'softmax' })
}
