import { readFile } from 'node:fs/promises'
import t from 'tap'
import { z } from 'zod'
import { architectures, findArchitecture } from '../../src/networks/architectures/index.js'
import { buildKerasNetwork } from '../../src/networks/keras/build-keras-network.js'
import { readKerasJson } from '../../src/networks/keras/read-keras-json.js'
import { layersModelTopology } from '../../src/networks/layers-model.js'
import type { ImageShape, Network } from '../../src/networks/network.js'

const fixture = (path: string) => readFile(`test/networks/fixtures/${path}`, 'utf8')
const read = (model: unknown, images: ImageShape = [28, 28, 1]): Network =>
  buildKerasNetwork(readKerasJson(typeof model === 'string' ? model : JSON.stringify(model)), images)

/** What a network computes, whatever its layers are called. */
const nameless = ({ layers }: Network) => layers.map(({ name: _name, ...layer }) => layer)

const counted = z.record(
  z.string(),
  z.object({
    parameters: z.number(),
    trainableParameters: z.number(),
    outputShapes: z.array(z.array(z.number())),
  }),
)

for (const version of ['keras-2', 'keras-3']) {
  t.test(`the models of ${version} have the shapes and parameters that it counts`, async t => {
    const counts = counted.parse(JSON.parse(await fixture(`${version}/counts.json`)))
    for (const [name, images] of [
      ['simple_cnn', [28, 28, 1]],
      ['every_layer', [32, 32, 3]],
    ] as const) {
      const network = read(await fixture(`${version}/${name}.json`), images)
      t.equal(network.name, name)
      t.equal(network.parameters, counts[name]?.parameters)
      t.equal(network.trainableParameters, counts[name]?.trainableParameters)
      const shapes = [images, ...network.layers.map(layer => layer.outputShape)].map(String)
      const missing = counts[name]?.outputShapes.map(String).filter(shape => !shapes.includes(shape))
      t.strictSame(missing, [], 'every output shape of Keras is there')
    }
  })

  t.test(`the simple CNN of ${version} is the architecture simple-cnn`, async t => {
    const ours = findArchitecture('simple-cnn')?.build()
    t.strictSame(nameless(read(await fixture(`${version}/simple_cnn.json`))), ours && nameless(ours))
  })
}

t.test('of one network Keras 2 and Keras 3 give the same layers', async t => {
  const [two, three] = await Promise.all([
    fixture('keras-2/every_layer.json'),
    fixture('keras-3/every_layer.json'),
  ])
  // The Keras 2 inside TensorFlow has no batch normalisation any more: here is what Keras 2.15 writes of one.
  const initializer = (class_name: string) => ({ class_name, config: {} })
  const normalization = JSON.stringify({
    class_name: 'BatchNormalization',
    config: {
      ...{ name: 'batch_normalization', trainable: true, dtype: 'float32', axis: [3] },
      ...{ momentum: 0.9, epsilon: 1e-5, center: true, scale: true },
      ...{ beta_initializer: initializer('Zeros'), gamma_initializer: initializer('Ones') },
      ...{ moving_mean_initializer: initializer('Zeros'), moving_variance_initializer: initializer('Ones') },
      ...{ beta_regularizer: null, gamma_regularizer: null, beta_constraint: null, gamma_constraint: null },
    },
    name: 'batch_normalization',
    inbound_nodes: [[['conv2d_1', 0, 0, {}]]],
  })
  const whole = two
    .replace(/"conv2d_1",(?=\s*0)/, '"batch_normalization",')
    .replace(/\{\s*"class_name": "ReLU"/, relu => `${normalization}, ${relu}`)
  // Keras 2 keeps a slope of 0.1 as the float32 that is next to it.
  const inSingle = (network: Network) =>
    JSON.parse(JSON.stringify(network), (_, value) =>
      typeof value === 'number' ? Math.fround(value) : value,
    )
  t.strictSame(inSingle(read(whole, [32, 32, 3])), inSingle(read(three, [32, 32, 3])))
})

t.test('layers keep their names and their options', async t => {
  const network = read(await fixture('keras-3/every_layer.json'), [32, 32, 3])
  t.strictSame(
    network.layers.slice(0, 5).map(({ name }) => name),
    ['conv2d_1', 'batch_normalization', 're_lu', 'separable_conv2d_depthwiseConv2d', 'separable_conv2d'],
  )
  t.match(network.layers[0], {
    kernelInitializer: 'heNormal',
    useBias: false,
    strides: [2, 2],
    padding: 'same',
  })
  t.match(network.layers[1], { momentum: 0.9, epsilon: 1e-5 })
  t.match(network.layers[2], { activation: 'relu6' })
  t.match(network.layers[5], { type: 'leakyRelu', slope: 0.1 })
  t.match(
    network.layers.find(layer => layer.type === 'reshape'),
    { targetShape: [4, 16, 24] },
  )
  t.match(network.layers.at(-1), { units: 10, activation: 'softmax', kernelInitializer: 'heUniform' })
})

t.test('what is exported as a LayersModel is read back as it was', async t => {
  for (const architecture of architectures) {
    const network = architecture.build({ dropout: 0.5 })
    // The fixed weights of LeNet-5 come with the weights, not with the topology.
    if (architecture.id === 'lenet-5-1998') continue
    const back = read({ ...layersModelTopology(network) }, architecture.inputShape)
    // Keras has no such rule, and says the one that comes closest.
    const exported = JSON.parse(JSON.stringify(network.layers).replaceAll('heNormalDepthwise', 'heNormal'))
    t.strictSame(back.layers, exported, architecture.id)
  }
})

const input = { class_name: 'InputLayer', config: { batch_input_shape: [null, 28, 28, 1], name: 'in' } }
const flatten = { class_name: 'Flatten', config: { name: 'flatten' } }
const dense = (config: object = {}) => ({
  class_name: 'Dense',
  config: { name: 'dense', units: 10, activation: 'softmax', ...config },
})
const sequential = (...layers: unknown[]) => ({ class_name: 'Sequential', config: { name: 'net', layers } })
const call = (layer: object, ...from: string[]) => ({
  ...layer,
  inbound_nodes: [from.map(name => [name, 0, 0, {}])],
})
const functional = (layers: unknown[], outputs = ['dense']) => ({
  class_name: 'Functional',
  config: {
    name: 'net',
    layers,
    input_layers: [['in', 0, 0]],
    output_layers: outputs.map(name => [name, 0, 0]),
  },
})

t.test('a Sequential may leave its input shape out, and be a list as before Keras 2.2.3', async t => {
  t.equal(read(sequential(flatten, dense())).parameters, 7850)
  t.equal(read({ class_name: 'Sequential', config: [flatten, dense()] }).parameters, 7850)
  t.equal(read(sequential(input, flatten, dense()), [28, 28, 1]).parameters, 7850)
  const first = { class_name: 'Flatten', config: { batch_input_shape: [null, 28, 28], name: 'flatten' } }
  t.equal(read(sequential(first, dense())).parameters, 7850, 'grey images without their channel')
  const vectors = dense({ batch_input_shape: [null, 784] })
  t.strictSame(
    read(sequential(vectors)).layers.map(layer => layer.type),
    ['flatten', 'dense'],
    'vectors are images laid out',
  )
})

t.test('layers of a Sequential may leave their names out', async t => {
  const { name: _name, ...options } = dense().config
  const network = read(sequential({ class_name: 'Flatten', config: {} }, { ...dense(), config: options }))
  t.equal(new Set(network.layers.map(layer => layer.name)).size, 2, 'each is given one')
})

t.test('logits are turned into probabilities', async t => {
  const network = read(sequential(flatten, dense({ activation: 'linear' })))
  t.match(network.layers.at(-1), { type: 'activation', activation: 'softmax' })
})

t.test('layers that the output does not need are left out, and the order does not matter', async t => {
  const network = read(
    functional([
      call(dense(), 'flatten'),
      call({ class_name: 'Flatten', config: { name: 'unused' } }, 'in'),
      call(flatten, 'in'),
      input,
    ]),
  )
  t.strictSame(
    network.layers.map(layer => layer.name),
    ['flatten', 'dense'],
  )
})

t.test('what is not understood is refused by its layer, with the reason', async t => {
  const conv = (config: object) => ({
    class_name: 'Conv2D',
    config: { name: 'conv', filters: 2, kernel_size: 3, ...config },
  })
  const only = (layer: unknown) => sequential(layer, flatten, dense())
  const refused: [string, unknown, RegExp][] = [
    ['no JSON', '{"class_name": ', /The text is no JSON/],
    ['another JSON', { hello: 1 }, /not what model.to_json\(\) gives/],
    ['an empty model', sequential(), /with a config with 1 to 1000 layers|a config with 1 to 1000/],
    [
      'a subclassed model',
      { class_name: 'Model2', config: { layers: [flatten] } },
      /class 'Model2' is not supported/,
    ],
    [
      'an unknown layer',
      only({ class_name: 'LSTM', config: { name: 'x' } }),
      /LSTM 'x': a layer of this kind is not supported; supported are Conv2D/,
    ],
    [
      'a Lambda',
      only({ class_name: 'Lambda', config: { name: 'x', function: ['4wEA'] } }),
      /Lambda 'x': a layer of this kind/,
    ],
    [
      'a name of every object',
      only({ class_name: 'constructor', config: {} }),
      /constructor without a name: a layer of this kind/,
    ],
    [
      'a model in a model',
      only({ class_name: 'Sequential', config: { name: 'x', layers: [] } }),
      /Sequential 'x': a layer of this kind/,
    ],
    [
      'a layer of one’s own',
      only({ class_name: 'Conv2D', registered_name: 'mine>Conv2D', config: {} }),
      /only the layers of Keras/,
    ],
    [
      'an operation',
      only({ class_name: 'Add', module: 'keras.src.ops.numpy', config: {} }),
      /only the layers of Keras/,
    ],
    [
      'no filters',
      only({ class_name: 'Conv2D', config: { name: 'conv', kernel_size: 3 } }),
      /Conv2D 'conv': the option filters is missing/,
    ],
    ['filters: 0', only(conv({ filters: 0 })), /Conv2D 'conv': the option filters /],
    ['units: 0', sequential(flatten, dense({ units: 0 })), /Dense 'dense': the option units /],
    ['a billion filters', only(conv({ filters: 1e9 })), /the option filters/],
    ['half a filter', only(conv({ filters: 1.5 })), /the option filters/],
    ['groups', only(conv({ groups: 2 })), /the option groups is not supported/],
    ['dilation', only(conv({ dilation_rate: [2, 2] })), /the option dilation_rate is not supported/],
    ['channels first', only(conv({ data_format: 'channels_first' })), /data_format must be channels_last/],
    [
      'another activation',
      only(conv({ activation: 'gelu' })),
      /the option activation must be one of linear, relu/,
    ],
    [
      'another initializer',
      only(conv({ kernel_initializer: { class_name: 'Orthogonal', config: {} } })),
      /kernel_initializer must be one of zeros/,
    ],
    [
      'a regularizer',
      only(conv({ kernel_regularizer: { class_name: 'L2', config: { l2: 0.1 } } })),
      /kernel_regularizer is not supported: weight decay/,
    ],
    ['an option unheard of', only(conv({ magic: 3 })), /the option magic is not understood/],
    ['half precision', only(conv({ dtype: 'float16' })), /dtype must be float32/],
    [
      'a kernel too large',
      only(conv({ kernel_size: 29 })),
      /Conv2D 'conv': its 29x29 kernel is larger than its 28x28 input/,
    ],
    ['a dense layer on images', sequential(dense()), /Dense 'dense': a dense layer takes a vector/],
    [
      'an axis in the middle',
      only({ class_name: 'BatchNormalization', config: { name: 'bn', axis: 1 } }),
      /'bn': its axis must be the last one/,
    ],
    [
      'a shape that cannot be',
      sequential({ class_name: 'Reshape', config: { name: 'r', target_shape: [-1, 5] } }, dense()),
      /\(-1, 5\) cannot be filled/,
    ],
    [
      'another input',
      sequential({ ...input, config: { batch_input_shape: [null, 32, 32, 3] } }, flatten, dense()),
      /takes inputs of 32x32x3, but the images are 28x28x1/,
    ],
    [
      'an end in sigmoid',
      sequential(flatten, dense({ activation: 'sigmoid' })),
      /ends in softmax \(or in logits, without one\), not in sigmoid/,
    ],
    ['one name twice', sequential(flatten, dense({ name: 'flatten' })), /another layer has this name/],
    [
      'a name too long',
      sequential(flatten, dense({ name: 'x'.repeat(101) })),
      /its name must have at most 100/,
    ],
    ['a name with a path', sequential(flatten, dense({ name: '../x' })), /its name must have/],
    [
      'two outputs',
      functional([input, call(flatten, 'in'), call(dense(), 'flatten')], ['dense', 'flatten']),
      /2 outputs: one is supported/,
    ],
    [
      'two inputs',
      functional([
        input,
        { ...input, config: { ...input.config, name: 'in2' } },
        call(flatten, 'in'),
        call(dense(), 'flatten'),
      ]),
      /2 inputs: one is supported/,
    ],
    [
      'a shared layer',
      functional([
        input,
        { ...flatten, inbound_nodes: [[['in', 0, 0, {}]], [['in', 0, 0, {}]]] },
        call(dense(), 'flatten'),
      ]),
      /Flatten 'flatten': it must be called once/,
    ],
    [
      'the output of a second call',
      functional([input, call(flatten, 'in'), { ...dense(), inbound_nodes: [[['flatten', 1, 0, {}]]] }]),
      /Dense 'dense': it must be called once/,
    ],
    [
      'a cycle',
      functional([
        input,
        call({ class_name: 'Add', config: { name: 'add' } }, 'in', 'back'),
        call({ class_name: 'Activation', config: { name: 'back', activation: 'relu' } }, 'add'),
        call(flatten, 'back'),
        call(dense(), 'flatten'),
      ]),
      /Add 'add': what it reads depends on it/,
    ],
    [
      'a layer of a graph without a name',
      functional([input, call({ class_name: 'Flatten', config: {} }, 'in'), call(dense(), 'flatten')]),
      /^Flatten without a name: in a Functional model each layer needs a name\.$/,
    ],
    [
      'a layer without a name in a row',
      sequential(flatten, { class_name: 'LSTM', config: {} }),
      /^LSTM without a name: /,
    ],
    [
      'a layer that reads itself',
      functional([input, call(flatten, 'flatten'), call(dense(), 'flatten')]),
      /Flatten 'flatten': what it reads depends on it/,
    ],
    [
      'an output that is none',
      functional([input, call(flatten, 'in'), call(dense(), 'flatten')], ['other']),
      /output 'other' is none of its layers/,
    ],
    [
      'an input that is never used',
      functional([input, call(dense(), 'in')], ['in']),
      /output 'in' is none of its layers/,
    ],
    [
      'training=True',
      functional([
        input,
        call(flatten, 'in'),
        { ...dense(), inbound_nodes: [[['flatten', 0, 0, { training: true }]]] },
      ]),
      /called with options/,
    ],
    [
      'more layers than anybody teaches',
      sequential(...Array.from({ length: 1001 }, () => flatten)),
      /1 to 1000 layers/,
    ],
    ['a nest', '['.repeat(250_000), /The text is no JSON/],
    ['a closed nest', `${'['.repeat(250_000)}${']'.repeat(250_000)}`, /not what model.to_json/],
  ]
  for (const [name, model, message] of refused) {
    t.throws(() => read(model), { name: 'KerasError', message }, name)
  }
})
