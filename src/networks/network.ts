/** Sizes of one sample, without the batch: `[height, width, channels]` for images, `[units]` for vectors. */
export type Shape = readonly number[]

/** `[height, width, channels]` */
export type ImageShape = readonly [height: number, width: number, channels: number]

export type Pair = readonly [height: number, width: number]

export type Padding = 'valid' | 'same'

/** How many zeros, or how many rows and columns, at each side. */
export type Margins = readonly [rows: readonly [top: number, bottom: number], columns: Pair]

export const activationNames = ['linear', 'relu', 'relu6', 'tanh', 'sigmoid', 'softmax'] as const
export type ActivationName = (typeof activationNames)[number]

/** How a weight begins: a rule, or the very numbers. */
export type Initializer =
  | 'zeros'
  | 'ones'
  | 'glorotUniform'
  | 'glorotNormal'
  | 'heUniform'
  | 'heNormal'
  /** He's rule with the inputs of a depthwise convolution as they are: see `initializeWeights`. */
  | 'heNormalDepthwise'
  | readonly number[]

interface Kernel {
  useBias: boolean
  kernelInitializer: Initializer
  biasInitializer: Initializer
  /** False where the weights stay as they begin. */
  trainable: boolean
  activation: ActivationName
}

interface Window {
  strides: Pair
  padding: Padding
}

/** What a layer is asked to be; its shapes follow from its place in a network. */
export type LayerSpec =
  | ({ type: 'conv2d'; filters: number; kernelSize: Pair } & Window & Kernel)
  | ({ type: 'depthwiseConv2d'; depthMultiplier: number; kernelSize: Pair } & Window & Kernel)
  | ({ type: 'maxPool2d' | 'avgPool2d'; poolSize: Pair } & Window)
  | { type: 'globalAvgPool2d' | 'globalMaxPool2d' }
  | { type: 'batchNormalization'; momentum: number; epsilon: number }
  | { type: 'localResponseNormalization'; radius: number; bias: number; alpha: number; beta: number }
  | { type: 'zeroPadding2d'; padding: Margins }
  /** Zeros before the first and after the last channel. */
  | { type: 'padChannels' | 'cropChannels'; before: number; after: number }
  | { type: 'add' | 'concatenate' }
  | { type: 'flatten' }
  | { type: 'reshape'; targetShape: Shape }
  | ({ type: 'dense'; units: number } & Kernel)
  | { type: 'dropout'; rate: number }
  | { type: 'activation'; activation: ActivationName }
  | { type: 'leakyRelu'; slope: number }

export type LayerType = LayerSpec['type']

/** A tensor that belongs to a layer. */
export interface WeightPlan {
  /** As Keras calls it. */
  name: 'kernel' | 'depthwise_kernel' | 'bias' | 'gamma' | 'beta' | 'moving_mean' | 'moving_variance'
  shape: Shape
  initializer: Initializer
  /** Whether gradients change it: moving statistics follow the batches instead. */
  trainable: boolean
}

/** What follows from a layer and the shapes that reach it. */
export interface LayerPlan {
  /** Of its first input; only `add` and `concatenate` have several. */
  inputShape: Shape
  outputShape: Shape
  weights: readonly WeightPlan[]
  /** Numbers in its weights, trainable or not. */
  parameters: number
  /** Multiply-adds of one forward pass of one sample. */
  multiplyAdds: number
}

/** A layer in its place: what it is, its name (`conv2d_1`), where its inputs come from, its shapes and costs. */
export type Layer = LayerSpec &
  LayerPlan & {
    name: string
    /** Indices of earlier layers; `NETWORK_INPUT` is what the network is given. */
    inputs: readonly number[]
  }

/** Stands in a layer's `inputs` for the images themselves. */
export const NETWORK_INPUT = -1

/** A feed-forward network as data: a graph without cycles, its layers in an order in which they can be computed.
 * The last layer is the output. Only `NetworkBuilder` makes one, so that its shapes are known to fit. */
export interface Network {
  name: string
  inputShape: Shape
  outputShape: Shape
  layers: readonly Layer[]
  /** Numbers in all weights. */
  parameters: number
  /** Those of them that gradients change. */
  trainableParameters: number
  /** Multiply-adds of one forward pass of one sample, in convolutions and dense layers. */
  multiplyAdds: number
}
