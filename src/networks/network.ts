/** Sizes of one sample, without the batch: `[height, width, channels]` for images, `[units]` for vectors. */
export type Shape = readonly number[]

export type Pair = readonly [height: number, width: number]

export type Padding = 'valid' | 'same'

export type ActivationName = 'linear' | 'relu' | 'tanh' | 'sigmoid' | 'softmax'

/** What a layer is asked to be; its shapes follow from its place in a network. */
export type LayerSpec =
  | {
      type: 'conv2d'
      filters: number
      kernelSize: Pair
      strides: Pair
      padding: Padding
      activation: ActivationName
    }
  | { type: 'maxPool2d' | 'avgPool2d'; poolSize: Pair; strides: Pair; padding: Padding }
  | { type: 'flatten' }
  | { type: 'dense'; units: number; activation: ActivationName }
  | { type: 'dropout'; rate: number }
  | { type: 'activation'; activation: ActivationName }

export type LayerType = LayerSpec['type']

/** A tensor that training changes. */
export interface WeightPlan {
  name: 'kernel' | 'bias'
  shape: Shape
}

/** What follows from a layer and the shape that reaches it. */
export interface LayerPlan {
  inputShape: Shape
  outputShape: Shape
  weights: readonly WeightPlan[]
  /** Trainable numbers. */
  parameters: number
  /** Multiply-adds of one forward pass of one sample. */
  multiplyAdds: number
}

/** A layer in its place: what it is, its name (`conv2d_1`), its shapes and what it costs. */
export type Layer = LayerSpec & LayerPlan & { name: string }

/** A feed-forward network as data. Only `buildNetwork` makes one, so that its shapes are known to fit. */
export interface Network {
  name: string
  inputShape: Shape
  outputShape: Shape
  layers: readonly Layer[]
  /** Trainable numbers. */
  parameters: number
  /** Multiply-adds of one forward pass of one sample, in convolutions and dense layers. */
  multiplyAdds: number
}
