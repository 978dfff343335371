import { flatten } from '../layers.js'
import { type ImageShape, type LayerSpec, NETWORK_INPUT, type Network } from '../network.js'
import { NetworkBuilder, NetworkError, type Node } from '../network-builder.js'
import { endInSoftmax } from '../softmax-output.js'
import { KerasError, type KerasLayer, type KerasModel } from './keras-model.js'
import { findLayerReader, layerClasses } from './layer-readers.js'

/**
 * The network that a Keras model describes, for images of one shape. A model of vectors gets its images
 * flattened, and one that begins with Flatten may leave the channel of grey images out: both are what the code
 * around such a model does to its images. Logits are turned into probabilities.
 * @throws KerasError where a layer is not understood or does not fit
 */
export function buildKerasNetwork(model: KerasModel, images: ImageShape): Network {
  const builder = new NetworkBuilder(isName(model.name) ? model.name : 'keras-model', images)
  const input = adaptInput(builder, model, images)
  const outputs: Node[] = []
  const nodeAt = (index: number) => (index === NETWORK_INPUT ? input : (outputs[index] ?? input))
  let last: LayerSpec | undefined
  for (const { layer, inputs } of model.nodes) {
    const nodes = inputs.map(nodeAt)
    const specs = readLayer(layer, nodes)
    outputs.push(addLayers(builder, layer, specs, nodes))
    last = specs.at(-1) ?? last
  }
  const [output, end] = [outputs.at(-1), model.nodes.at(-1)]
  if (!output || !end || !last) throw new KerasError('The model has no layer.')
  endInSoftmax(builder, last, output, reason => end.layer.refuse(reason))
  return build(builder)
}

function adaptInput(builder: NetworkBuilder, { inputShape, nodes }: KerasModel, images: ImageShape): Node {
  if (inputShape === undefined || fits(inputShape, images)) return builder.input
  const readers = nodes.filter(node => node.inputs.includes(NETWORK_INPUT)).map(node => node.layer.className)
  const [height, width, channels] = images
  const isLaidOut = readers.every(name => name === 'Flatten' || name === 'Reshape')
  if (channels === 1 && isLaidOut && fits(inputShape, [height, width])) return builder.input
  if (fits(inputShape, [height * width * channels])) return builder.add(flatten(), builder.input)
  const declared = inputShape.map(size => size ?? 'any').join('x')
  throw new KerasError(`The model takes inputs of ${declared}, but the images are ${images.join('x')}.`)
}

function fits(declared: readonly (number | null)[], shape: readonly number[]): boolean {
  return declared.length === shape.length && declared.every((size, i) => size === null || size === shape[i])
}

function readLayer(layer: KerasLayer, inputs: readonly Node[]): LayerSpec[] {
  const reader = findLayerReader(layer.className)
  if (!reader) {
    throw layer.refuse(`a layer of this kind is not supported; supported are ${layerClasses.join(', ')}`)
  }
  return reader.read(
    layer,
    inputs.map(({ shape }) => shape),
  )
}

/** One behind another; the last one bears the layer's name. */
function addLayers(
  builder: NetworkBuilder,
  layer: KerasLayer,
  specs: readonly LayerSpec[],
  inputs: readonly Node[],
): Node {
  const [first] = inputs
  if (!first) throw layer.refuse('it has no input')
  let nodes = inputs
  let output = first
  for (const [index, spec] of specs.entries()) {
    const isLast = index === specs.length - 1
    const name = layer.name === undefined || isLast ? layer.name : `${layer.name}_${spec.type}`
    output = add(builder, layer, spec, nodes, name)
    nodes = [output]
  }
  return output
}

function add(
  builder: NetworkBuilder,
  layer: KerasLayer,
  spec: LayerSpec,
  nodes: readonly Node[],
  name: string | undefined,
): Node {
  if (name !== undefined && !isName(name)) {
    throw layer.refuse('its name must have at most 100 letters, digits, dots, hyphens and underscores')
  }
  try {
    return builder.add(spec, nodes, name)
  } catch (error) {
    throw error instanceof NetworkError ? layer.refuse(error.reason) : error
  }
}

function isName(name: string | undefined): name is string {
  return name !== undefined && /^\w[\w.-]{0,99}$/.test(name)
}

function build(builder: NetworkBuilder): Network {
  try {
    return builder.build()
  } catch (error) {
    throw error instanceof NetworkError ? new KerasError(error.message) : error
  }
}
