import { NETWORK_INPUT } from '../network.js'
import {
  KerasError,
  type KerasLayer,
  type KerasModel,
  type KerasNode,
  MAXIMUM_LAYERS,
  type Place,
} from './keras-model.js'
import type { InputShape } from './python-values.js'

/** A model while a Python text makes it. */
export type ModelDraft = SequentialDraft | FunctionalDraft

/** Layers in a row, which `add` makes longer. */
export class SequentialDraft {
  readonly place: Place
  readonly #name: string | undefined
  #inputShape: InputShape | undefined
  readonly #layers: KerasLayer[] = []

  constructor(name: string | undefined, place: Place) {
    this.#name = name
    this.place = place
  }

  /** @throws KerasError where it is not the beginning */
  begin(shape: InputShape, place: Place): void {
    if (this.#layers.length > 0) throw new KerasError('an input comes before every layer', place)
    this.#inputShape = shape
  }

  /** What `build` is told, where no layer has told it. */
  declare(shape: InputShape): void {
    this.#inputShape ??= shape
  }

  /** @param inputShape what the layer says of the images, if it is the first */
  add(layer: KerasLayer, inputShape: InputShape | undefined): void {
    if (this.#layers.includes(layer)) throw layer.refuse('the same layer twice would share its weights')
    if (this.#layers.length === MAXIMUM_LAYERS)
      throw layer.refuse(`at most ${MAXIMUM_LAYERS} layers are read`)
    if (this.#layers.length === 0) this.#inputShape ??= inputShape
    this.#layers.push(layer)
  }

  finish(): KerasModel {
    return {
      name: this.#name,
      inputShape: this.#inputShape,
      nodes: this.#layers.map((layer, index) => ({ layer, inputs: [index - 1] })),
    }
  }
}

/** What lies between an input and an output of a graph. */
export interface FunctionalDraft {
  readonly place: Place
  finish(): KerasModel
}

/** The tensors that a text makes by calling layers. */
export class TensorGraph {
  readonly #tensors: ({ shape: InputShape } | KerasNode)[] = []

  addInput(shape: InputShape): number {
    return this.#tensors.push({ shape }) - 1
  }

  /** Undefined where the tensor is no input. */
  inputShape(index: number): InputShape | undefined {
    const tensor = this.#tensors[index]
    return tensor && 'shape' in tensor ? tensor.shape : undefined
  }

  /** @param inputs tensors of this graph @throws KerasError where the layer was called before */
  call(layer: KerasLayer, inputs: readonly number[]): number {
    if (this.#tensors.some(tensor => 'layer' in tensor && tensor.layer === layer)) {
      throw layer.refuse('a layer that is called twice would share its weights')
    }
    if (this.#tensors.length > MAXIMUM_LAYERS) throw layer.refuse(`at most ${MAXIMUM_LAYERS} layers are read`)
    return this.#tensors.push({ layer, inputs }) - 1
  }

  /** @throws KerasError where the output does not come of the input alone */
  draft(name: string | undefined, input: number, output: number, place: Place): FunctionalDraft {
    const start = this.#tensors[input]
    if (!start || !('shape' in start)) throw new KerasError('the model must begin at an Input', place)
    const places = new Map([[input, NETWORK_INPUT]])
    const needed = this.#neededFor(output)
    const nodes: KerasNode[] = []
    for (const [index, tensor] of this.#tensors.entries()) {
      if (!needed.has(index) || index === input) continue
      if ('shape' in tensor)
        throw new KerasError('the output needs an Input that the model is not given', place)
      places.set(index, nodes.length)
      nodes.push({ ...tensor, inputs: tensor.inputs.map(read => places.get(read) ?? NETWORK_INPUT) })
    }
    return { place, finish: () => ({ name, inputShape: start.shape, nodes }) }
  }

  #neededFor(output: number): Set<number> {
    const needed = new Set<number>()
    const open = [output]
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (needed.has(index)) continue
      needed.add(index)
      const tensor = this.#tensors[index]
      if (tensor && 'inputs' in tensor) open.push(...tensor.inputs)
    }
    return needed
  }
}
