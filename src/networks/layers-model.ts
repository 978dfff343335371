import type { Layer, Network } from './network.js'

/** A layer as Keras' configuration describes it. */
interface LayerConfig {
  class_name: string
  config: Record<string, unknown>
}

/** A weight as a `weightsManifest` lists it. */
export interface WeightSpec {
  name: string
  shape: number[]
  dtype: 'float32'
}

/** A network's topology in the format of a TensorFlow.js LayersModel, which is Keras' own for a Sequential. */
export function layersModelTopology(network: Network) {
  const layers = network.layers.map(describeLayer)
  const [first] = layers
  if (first) first.config.batch_input_shape = [null, ...network.inputShape]
  return {
    class_name: 'Sequential',
    config: { name: network.name, layers },
    keras_version: 'tfjs-layers 4.22.0',
    backend: 'tensor_flow.js',
  }
}

/** The weights in the order in which they are stored: that of the layers, kernel before bias. */
export function layersModelWeights(network: Network): WeightSpec[] {
  return network.layers.flatMap(layer =>
    layer.weights.map(({ name, shape }) => ({
      name: `${layer.name}/${name}`,
      shape: [...shape],
      dtype: 'float32' as const,
    })),
  )
}

function describeLayer(layer: Layer): LayerConfig {
  const common = { name: layer.name, trainable: true, dtype: 'float32' }
  switch (layer.type) {
    case 'conv2d':
      return {
        class_name: 'Conv2D',
        config: {
          ...common,
          filters: layer.filters,
          kernel_size: layer.kernelSize,
          strides: layer.strides,
          padding: layer.padding,
          data_format: 'channels_last',
          dilation_rate: [1, 1],
          activation: layer.activation,
          use_bias: true,
        },
      }
    case 'maxPool2d':
    case 'avgPool2d':
      return {
        class_name: layer.type === 'maxPool2d' ? 'MaxPooling2D' : 'AveragePooling2D',
        config: {
          ...common,
          pool_size: layer.poolSize,
          strides: layer.strides,
          padding: layer.padding,
          data_format: 'channels_last',
        },
      }
    case 'flatten':
      return { class_name: 'Flatten', config: common }
    case 'dense':
      return {
        class_name: 'Dense',
        config: { ...common, units: layer.units, activation: layer.activation, use_bias: true },
      }
    case 'dropout':
      return { class_name: 'Dropout', config: { ...common, rate: layer.rate } }
    case 'activation':
      return { class_name: 'Activation', config: { ...common, activation: layer.activation } }
  }
}
