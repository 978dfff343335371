import { type Initializer, type Layer, NETWORK_INPUT, type Network } from './network.js'

/** A layer as Keras' configuration describes it. */
export interface LayerConfig {
  class_name: string
  config: Record<string, unknown>
}

/** A weight as a `weightsManifest` lists it. */
export interface WeightSpec {
  name: string
  shape: number[]
  dtype: 'float32'
}

/**
 * A network's topology in the format of a TensorFlow.js LayersModel, which is Keras' own: a Sequential where the
 * layers stand in a row, a Functional otherwise.
 */
export function layersModelTopology(network: Network) {
  const model = isSequence(network) ? sequential(network) : functional(network)
  return { ...model, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' }
}

/**
 * The `model.json` of a trained network, whose weights are in `weights.bin` beside it.
 * @param metadata goes into the model's `userDefinedMetadata`
 */
export function layersModelDocument(network: Network, metadata: Record<string, unknown>) {
  return {
    format: 'layers-model',
    generatedBy: 'Lyceum',
    convertedBy: null,
    modelTopology: layersModelTopology(network),
    weightsManifest: [{ paths: ['weights.bin'], weights: layersModelWeights(network) }],
    userDefinedMetadata: metadata,
  }
}

/** The weights in the order in which they are stored: that of the layers, each layer's as in its plan. */
export function layersModelWeights(network: Network): WeightSpec[] {
  return network.layers.flatMap(layer =>
    layer.weights.map(({ name, shape }) => ({
      name: `${layer.name}/${name}`,
      shape: [...shape],
      dtype: 'float32' as const,
    })),
  )
}

function isSequence({ layers }: Network): boolean {
  return layers.every(({ inputs }, index) => inputs.length === 1 && inputs[0] === index - 1)
}

function sequential(network: Network) {
  const layers = network.layers.map(describeLayer)
  const [first] = layers
  if (first) first.config.batch_input_shape = [null, ...network.inputShape]
  return { class_name: 'Sequential', config: { name: network.name, layers } }
}

function functional(network: Network) {
  const inputName = nameInput(network)
  const nameOf = (index: number) =>
    index === NETWORK_INPUT ? inputName : (network.layers[index]?.name ?? inputName)
  const input = {
    class_name: 'InputLayer',
    name: inputName,
    config: {
      name: inputName,
      batch_input_shape: [null, ...network.inputShape],
      dtype: 'float32',
      sparse: false,
    },
    inbound_nodes: [],
  }
  const layers = network.layers.map(layer => ({
    ...describeLayer(layer),
    name: layer.name,
    inbound_nodes: [layer.inputs.map(index => [nameOf(index), 0, 0, {}])],
  }))
  return {
    class_name: 'Functional',
    config: {
      name: network.name,
      layers: [input, ...layers],
      input_layers: [[inputName, 0, 0]],
      output_layers: [[nameOf(network.layers.length - 1), 0, 0]],
    },
  }
}

/** What a model calls its input: a name that no layer has. */
export function nameInput({ layers }: Network): string {
  const taken = new Set(layers.map(({ name }) => name))
  let name = 'input'
  while (taken.has(name)) name += '_'
  return name
}

/** A layer in Keras' words, with the names that Keras 2 and tfjs give its options. */
export function describeLayer(layer: Layer): LayerConfig {
  const describe = (class_name: string, config: Record<string, unknown> = {}): LayerConfig => ({
    class_name,
    config: { name: layer.name, trainable: true, dtype: 'float32', ...config },
  })
  switch (layer.type) {
    case 'conv2d':
      return describe('Conv2D', { filters: layer.filters, ...kernelConfig(layer), ...windowConfig(layer) })
    case 'depthwiseConv2d': {
      const { kernel_initializer, ...rest } = kernelConfig(layer)
      return describe('DepthwiseConv2D', {
        depth_multiplier: layer.depthMultiplier,
        depthwise_initializer: kernel_initializer,
        ...rest,
        ...windowConfig(layer),
      })
    }
    case 'maxPool2d':
    case 'avgPool2d': {
      const { kernel_size, dilation_rate, ...rest } = windowConfig({ ...layer, kernelSize: layer.poolSize })
      return describe(layer.type === 'maxPool2d' ? 'MaxPooling2D' : 'AveragePooling2D', {
        pool_size: kernel_size,
        ...rest,
      })
    }
    case 'globalAvgPool2d':
      return describe('GlobalAveragePooling2D', { data_format: 'channels_last' })
    case 'globalMaxPool2d':
      return describe('GlobalMaxPooling2D', { data_format: 'channels_last' })
    case 'batchNormalization':
      return describe('BatchNormalization', {
        axis: -1,
        momentum: layer.momentum,
        epsilon: layer.epsilon,
        center: true,
        scale: true,
      })
    case 'localResponseNormalization':
      // Keras has none: whoever opens such a model registers a layer of this name.
      return describe('LocalResponseNormalization', {
        radius: layer.radius,
        bias: layer.bias,
        alpha: layer.alpha,
        beta: layer.beta,
      })
    case 'zeroPadding2d':
      return describe('ZeroPadding2D', { padding: layer.padding, data_format: 'channels_last' })
    // Told that its channels come first, a layer for the last two axes works on columns and channels.
    case 'padChannels':
      return describe('ZeroPadding2D', { padding: lastAxis(layer), data_format: 'channels_first' })
    case 'cropChannels':
      return describe('Cropping2D', { cropping: lastAxis(layer), data_format: 'channels_first' })
    case 'add':
      return describe('Add')
    case 'concatenate':
      return describe('Concatenate', { axis: -1 })
    case 'flatten':
      return describe('Flatten')
    case 'reshape':
      return describe('Reshape', { target_shape: layer.targetShape })
    case 'dense':
      return describe('Dense', { units: layer.units, ...kernelConfig(layer) })
    case 'dropout':
      return describe('Dropout', { rate: layer.rate })
    case 'activation':
      return describe('Activation', { activation: layer.activation })
    case 'leakyRelu':
      return describe('LeakyReLU', { alpha: layer.slope })
  }
}

function kernelConfig(layer: Extract<Layer, { useBias: boolean }>) {
  return {
    activation: layer.activation,
    use_bias: layer.useBias,
    kernel_initializer: initializerConfig(layer.kernelInitializer),
    bias_initializer: initializerConfig(layer.biasInitializer),
    trainable: layer.trainable,
  }
}

function windowConfig(layer: Pick<Extract<Layer, { type: 'conv2d' }>, 'kernelSize' | 'strides' | 'padding'>) {
  return {
    kernel_size: layer.kernelSize,
    strides: layer.strides,
    padding: layer.padding,
    data_format: 'channels_last',
    dilation_rate: [1, 1],
  }
}

function lastAxis({ before, after }: { before: number; after: number }) {
  return [
    [0, 0],
    [before, after],
  ]
}

/** Keras' class for a rule. The weights come with the model: where Keras has no such rule, another will do. */
function initializerConfig(initializer: Initializer): LayerConfig {
  const rule = typeof initializer === 'string' ? initializer : 'zeros'
  const name = rule === 'heNormalDepthwise' ? 'heNormal' : rule
  return { class_name: name.charAt(0).toUpperCase() + name.slice(1), config: {} }
}
