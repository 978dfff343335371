import { readOptions, toOption } from './keras-arguments.js'
import { KerasError, type KerasLayer, type Place } from './keras-model.js'
import { type KerasTraining, readCompile, readFit } from './keras-training.js'
import { findLayerReader, layerClasses } from './layer-readers.js'
import { type ModelDraft, SequentialDraft, TensorGraph } from './model-draft.js'
import type { Arguments, Meaning } from './python-evaluator.js'
import { type InputShape, isOfModel, type Value } from './python-values.js'

/** Methods of a model that look at it or use it, without a change to its layers. */
const harmlessMethods = new Set([
  'summary',
  'evaluate',
  'predict',
  'count_params',
  'get_config',
  'to_json',
  'save',
  'save_weights',
])

/** Functions that a model may be given to. */
const harmlessFunctions = new Set([
  'print',
  'len',
  'type',
  'repr',
  'str',
  'int',
  'float',
  'keras.utils.plot_model',
])

/** Knows the variables of a program, and what the names of Keras mean. */
export class KerasMeaning implements Meaning {
  model: ModelDraft | undefined
  training: KerasTraining = {}
  readonly notes: string[] = []
  readonly #variables = new Map<string, Value>()
  readonly #graph = new TensorGraph()

  define(name: string, value: Value): void {
    this.#variables.set(name, value)
  }

  /** What is defined nowhere may be built in, or stand in a part of the text that was not copied. */
  lookUp(name: string): Value {
    return this.#variables.get(name) ?? { kind: 'reference', path: name }
  }

  addTensors(left: number, right: number, place: Place): Value {
    const layer = makeLayer('Add', undefined, {}, place)
    return { kind: 'tensor', index: this.#graph.call(layer, [left, right]) }
  }

  call(callee: Value, args: Arguments, place: Place): Value {
    switch (callee.kind) {
      case 'reference':
        return this.#callByName(canonical(callee.path), args, place)
      case 'layer':
        return this.#callLayer(callee.layer, args, place)
      case 'method':
        return this.#callMethod(callee, args, place)
      default:
        if (callee.kind === 'model') throw new KerasError('a model inside a model is not understood', place)
        return this.#callUnknown('this function', args, place, isOfModel(callee))
    }
  }

  #callByName(path: string, args: Arguments, place: Place): Value {
    const name = path.split('.').at(-1) ?? path
    if (/^keras\.(layers\.)?Input(Layer)?$/.test(path)) return this.#input(args, place)
    if (/^keras\.(models\.)?Sequential$/.test(path)) return this.#sequential(args, place)
    if (/^keras\.(models\.)?Model$/.test(path)) return this.#functional(args, place)
    if (path.startsWith('keras.layers.')) return readLayerCall(name, args, place)
    if (/^keras\.(initializers|optimizers|losses|metrics|regularizers|constraints|callbacks)\./.test(path)) {
      return configure(name, args, place)
    }
    if (path === 'keras.utils.set_random_seed' || path === 'tensorflow.random.set_seed') {
      const [seed] = args.positional
      const value = seed?.kind === 'constant' ? seed.value : undefined
      if (typeof value === 'number') this.training = { ...this.training, seed: value }
    }
    return this.#callUnknown(`${path}()`, args, place, false, harmlessFunctions.has(path))
  }

  #callUnknown(name: string, args: Arguments, place: Place, ofModel: boolean, isHarmless = false): Value {
    const values = [...args.positional, ...args.named.values()]
    if (!isHarmless && (ofModel || values.some(isOfModel))) {
      throw new KerasError(`what ${name} does with the model is not understood`, place)
    }
    return { kind: 'unknown', reason: `what ${name} gives is not understood`, place, ofModel: false }
  }

  #input(args: Arguments, place: Place): Value {
    const { name: _name, dtype = 'float32', ...rest } = readOptions(['shape'], args, place)
    const { shape, batch_shape, input_shape, ...others } = rest
    const [unknown] = Object.keys(others)
    if (unknown || dtype !== 'float32') {
      throw new KerasError(`the option ${unknown ?? 'dtype'} of an input is not understood`, place)
    }
    const whole = Array.isArray(batch_shape) ? batch_shape.slice(1) : undefined
    const index = this.#graph.addInput(toInputShape(shape ?? input_shape ?? whole, place))
    return { kind: 'tensor', index }
  }

  #sequential(args: Arguments, place: Place): Value {
    const [layers = args.named.get('layers'), named = args.named.get('name')] = args.positional
    const draft = new SequentialDraft(textOf(named), place)
    this.#setModel(draft)
    if (layers && !(layers.kind === 'constant' && layers.value === null)) {
      if (layers.kind !== 'sequence')
        throw new KerasError(`Sequential takes a list of layers${whyNot(layers)}`, place)
      for (const layer of layers.items) this.#addLayer(draft, layer, place)
    }
    return { kind: 'model', draft }
  }

  #addLayer(draft: SequentialDraft, value: Value | undefined, place: Place): void {
    const shape = value?.kind === 'tensor' ? this.#graph.inputShape(value.index) : undefined
    if (value?.kind === 'layer') draft.add(value.layer, value.inputShape)
    else if (shape) draft.begin(shape, place)
    else if (value?.kind === 'model') throw new KerasError('a model inside a model is not understood', place)
    else throw new KerasError(`a layer is expected here${value ? whyNot(value) : ''}`, place)
  }

  #functional(args: Arguments, place: Place): Value {
    const [inputs = args.named.get('inputs'), outputs = args.named.get('outputs')] = args.positional
    const tensorOf = (value: Value | undefined, what: string) => {
      const tensors = value?.kind === 'sequence' ? value.items : [value]
      const [only] = tensors
      if (tensors.length !== 1)
        throw new KerasError(`a model of ${tensors.length} ${what}s is not supported`, place)
      if (only?.kind === 'tensor') return only.index
      throw new KerasError(`the model's ${what} must be a tensor${only ? whyNot(only) : ''}`, place)
    }
    const name = textOf(args.named.get('name') ?? args.positional[2])
    const draft = this.#graph.draft(name, tensorOf(inputs, 'input'), tensorOf(outputs, 'output'), place)
    this.#setModel(draft)
    return { kind: 'model', draft }
  }

  #setModel(draft: ModelDraft): void {
    if (this.model) {
      const first = this.model.place.line
      throw new KerasError(`a second model: one is trained, that of line ${first} or this one`, draft.place)
    }
    this.model = draft
  }

  #callLayer(layer: KerasLayer, { positional, named }: Arguments, place: Place): Value {
    const [input, ...others] = positional
    const values = input?.kind === 'sequence' ? input.items : [input]
    const isOff = (value: Value) =>
      value.kind === 'constant' && (value.value === null || value.value === false)
    if (others.length > 0 || ![...named.values()].every(isOff)) {
      throw new KerasError('a layer is called with its inputs alone', place)
    }
    const tensors = values.map(value => {
      if (value?.kind === 'tensor') return value.index
      throw new KerasError(
        `${layer.className} is called with something that is no tensor${value ? whyNot(value) : ''}`,
        place,
      )
    })
    return { kind: 'tensor', index: this.#graph.call(layer, tensors) }
  }

  #callMethod({ target, name }: Extract<Value, { kind: 'method' }>, args: Arguments, place: Place): Value {
    if (target.kind !== 'model') {
      const ofModel = isOfModel(target) || target.kind === 'sequence'
      return this.#callUnknown(`.${name}()`, args, place, ofModel)
    }
    const { draft } = target
    if (name === 'add' && draft instanceof SequentialDraft) {
      this.#addLayer(draft, args.positional[0] ?? args.named.get('layer'), place)
    } else if (name === 'build' && draft instanceof SequentialDraft) {
      const shape = toOption(args.positional[0] ?? args.named.get('input_shape'), 'input_shape', place)
      draft.declare(toInputShape(Array.isArray(shape) ? shape.slice(1) : shape, place))
    } else if (name === 'compile') {
      this.training = { ...this.training, ...readCompile(args, place, this.notes) }
    } else if (name === 'fit') {
      this.training = { ...this.training, ...readFit(args, place, this.notes) }
    } else if (!harmlessMethods.has(name)) {
      throw new KerasError(`what .${name}() does to the model is not understood`, place)
    }
    return { kind: 'unknown', reason: `what .${name}() gives is not understood`, place, ofModel: false }
  }
}

/** Keras by whatever way it was imported; a text that imports nothing speaks of Keras all the same. */
function canonical(path: string): string {
  const full = path.replace(/^(tensorflow\.keras|tf\.keras|tf_keras|keras\.api)\b/, 'keras')
  if (/^(layers|models|initializers|optimizers|losses)\./.test(full)) return `keras.${full}`
  if (/^(Sequential|Model|Input|InputLayer)$/.test(full)) return `keras.${full}`
  return findLayerReader(full) ? `keras.layers.${full}` : full
}

function readLayerCall(className: string, args: Arguments, place: Place): Value {
  const reader = findLayerReader(className)
  if (!reader) {
    const known = layerClasses.join(', ')
    throw new KerasError(`the layer ${className} is not supported; supported are ${known}`, place)
  }
  const { input_shape, batch_input_shape, input_dim, name, ...options } = readOptions(
    reader.parameters,
    args,
    place,
  )
  const whole = Array.isArray(batch_input_shape) ? batch_input_shape.slice(1) : undefined
  const declared = input_shape ?? whole ?? (typeof input_dim === 'number' ? [input_dim] : undefined)
  return {
    kind: 'layer',
    layer: makeLayer(className, typeof name === 'string' ? name : undefined, options, place),
    inputShape: declared === undefined ? undefined : toInputShape(declared, place),
  }
}

function makeLayer(
  className: string,
  name: string | undefined,
  options: Record<string, unknown>,
  place: Place,
): KerasLayer {
  return { className, name, options, refuse: reason => new KerasError(`${className}: ${reason}`, place) }
}

function configure(className: string, args: Arguments, place: Place): Value {
  const parameters = className === 'VarianceScaling' ? ['scale', 'mode', 'distribution'] : ['learning_rate']
  // What cannot be told, such as a schedule, is missed where it is asked for.
  return { kind: 'configured', className, options: readOptions(parameters, args, place, 'lenient') }
}

function toInputShape(value: unknown, place: Place): InputShape {
  const isSize = (size: unknown): size is number | null =>
    size === null || (Number.isInteger(size) && Number(size) > 0)
  if (Array.isArray(value) && value.length <= 4 && value.every(isSize)) return value
  throw new KerasError('an input needs a shape of positive integers', place)
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined
}

/** Why a value is not what was expected, if it has a story. */
function whyNot(value: Value): string {
  if (value.kind === 'reference') return `; ${value.path} is not defined in this text`
  return value.kind === 'unknown' ? `; ${value.reason} (line ${value.place.line})` : ''
}
