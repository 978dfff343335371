/** Where something begins in a text, both counted from 1. */
export interface Place {
  line: number
  column: number
}

/** Says what of a Keras model is not understood, and where it stands. */
export class KerasError extends Error {
  override name = 'KerasError'

  constructor(
    reason: string,
    /** Of Python; a JSON text is spoken of by its layers. */
    readonly place?: Place,
  ) {
    super(place ? `Line ${place.line}, column ${place.column}: ${reason}` : reason)
  }
}

/** A layer as Keras is told of it. */
export interface KerasLayer {
  className: string
  name: string | undefined
  /** By Keras' names; what is left out has Keras' default. */
  options: Readonly<Record<string, unknown>>
  /** Makes an error of a reason, which says where the layer stands. */
  refuse(reason: string): KerasError
}

/** A model as Keras describes it: layers in an order in which they can be computed, the output last. */
export interface KerasModel {
  name: string | undefined
  /** Without the batch; null where a size is open. Undefined where the model does not say what it takes. */
  inputShape: readonly (number | null)[] | undefined
  nodes: readonly KerasNode[]
}

export interface KerasNode {
  layer: KerasLayer
  /** Places of earlier nodes; `NETWORK_INPUT` is what the model is given. */
  inputs: readonly number[]
}

/** The most layers that are read: more are nobody's teaching example. */
export const MAXIMUM_LAYERS = 1000
