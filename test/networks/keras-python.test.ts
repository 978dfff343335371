import { readFile } from 'node:fs/promises'
import t from 'tap'
import { findArchitecture } from '../../src/networks/architectures/index.js'
import { buildKerasNetwork } from '../../src/networks/keras/build-keras-network.js'
import { type KerasProgram, readKerasPython } from '../../src/networks/keras/read-keras-python.js'
import type { ImageShape, Network } from '../../src/networks/network.js'

const lesson = (path: string) => readFile(`content/deep-learning-basics/${path}`, 'utf8')
const build = (source: string, images: ImageShape = [28, 28, 1]): Network =>
  buildKerasNetwork(readKerasPython(source).model, images)
const nameless = ({ layers }: Network) => layers.map(({ name: _name, ...layer }) => layer)
const published = (id: string): Network => {
  const network = findArchitecture(id)?.build()
  if (!network) throw new Error(`no architecture ${id}`)
  return network
}

t.test('code examples of the lessons are the architectures that they explain', async t => {
  const cnn = await lesson('convolutional-neural-networks/code/simple_cnn.py')
  t.strictSame(nameless(build(cnn)), nameless(published('simple-cnn')))
  t.strictSame(nameless(build(await lesson('lenet-5/code/lenet5.py'))), nameless(published('lenet-5')))
})

t.test('code examples have the parameters that they state', async t => {
  t.equal(build(await lesson('alexnet/code/alexnet.py'), [227, 227, 3]).parameters, 62_378_344)
  t.equal(build(await lesson('neural-networks/code/dense_network.py')).parameters, 101_770)
  const separable = build(await lesson('mobilenet/code/small_separable_cnn.py'))
  t.strictSame(
    separable.layers.flatMap(({ type, parameters }) => (type === 'depthwiseConv2d' ? [parameters] : [])),
    [3 * 3 * 32, 3 * 3 * 64],
  )
  t.equal(separable.parameters, 320 + 2400 + 8896 + 1290)
})

t.test('what a code example says of training is read', async t => {
  const program = (source: string) => readKerasPython(`import keras\n${source}`)
  const { training, notes } = readKerasPython(
    await lesson('convolutional-neural-networks/code/simple_cnn.py'),
  )
  t.strictSame(training, {
    seed: 42,
    optimizer: { name: 'adam', options: { learning_rate: 0.001 } },
    batchSize: 128,
    epochs: 3,
    validationSplit: 0.1,
  })
  t.strictSame(notes, [])
  const model = 'model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])\n'
  t.match(
    program(`${model}model.compile("sgd", "sparse_categorical_crossentropy")\nmodel.fit(x, y)`).training,
    {
      optimizer: { name: 'sgd', options: {} },
      batchSize: 32,
      epochs: 1,
    },
  )
  const scheduled = program(
    `${model}model.compile(optimizer=keras.optimizers.Adam(CosineDecay(0.1, 10), beta_1=0.8), loss="mse")\n` +
      'model.fit(x, y, 64, epochs=len(x))',
  )
  t.strictSame(scheduled.training, {
    optimizer: { name: 'adam', options: { beta_1: 0.8 } },
    batchSize: 64,
    epochs: 1,
  })
  t.match(scheduled.notes, [/^Line 3: the loss mse is left out/, /^Line 4: epochs is no plain number/])
})

t.test('a model may be made layer by layer, from whichever Keras', async t => {
  const network = build(`
import tensorflow as tf
from tensorflow.keras import models
from tensorflow.keras.layers import Conv2D as Convolution, MaxPool2D
model = models.Sequential(name="mine")
model.add(Convolution(32, kernel_size=3, activation=tf.nn.relu, input_shape=(28, 28, 1)))
model.add(MaxPool2D())
model.add(tf.keras.layers.Flatten()); model.add(tf.keras.layers.Dense(units=64, activation="relu"))
outputs = model.add(tf.keras.layers.Dense(10))
`)
  t.equal(network.name, 'mine')
  t.strictSame(nameless(network).slice(0, 4), nameless(published('simple-cnn')).slice(0, 4))
  t.match(network.layers.at(-1), { type: 'activation', activation: 'softmax' }, 'logits are given a softmax')
})

t.test('a snippet need not import what everybody knows', async t => {
  const network = build('model = Sequential([layers.Flatten(), Dense(10, "softmax")])')
  t.equal(network.parameters, 7850)
})

t.test('the functional style makes a graph', async t => {
  const network = build(
    `
from keras import Input, Model, layers
width, kernel = 8, (3, 3)
inputs = Input(shape=(32, 32, 3))
x = layers.Conv2D(2 * width, kernel, padding="SAME", use_bias=False, kernel_initializer="he_normal")(inputs)
x = shortcut = layers.ReLU()(layers.BatchNormalization(momentum=1 - 0.1)(x))
x = layers.Conv2D(16, kernel, padding="same")(x)
unused = layers.Flatten()(x)
x = x + shortcut
x = layers.Add(name="sum")([x, shortcut])
x = layers.GlobalAveragePooling2D()(x)
model = Model(inputs=inputs, outputs=layers.Dense(10, activation="softmax")(x), name="residual")
`,
    [32, 32, 3],
  )
  t.strictSame(
    network.layers.map(({ type, inputs }) => [type, [...inputs]]),
    [
      ['conv2d', [-1]],
      ['batchNormalization', [0]],
      ['activation', [1]],
      ['conv2d', [2]],
      ['add', [3, 2]],
      ['add', [4, 2]],
      ['globalAvgPool2d', [5]],
      ['dense', [6]],
    ],
  )
  t.match(network.layers[0], { filters: 16, kernelInitializer: 'heNormal', useBias: false, padding: 'same' })
  t.match(network.layers[1], { momentum: 0.9 })
  t.match(network.layers[5], { name: 'sum' })
})

t.test('Keras’ defaults hold where nothing is said', async t => {
  const network = build(
    'model = Sequential([Conv2D(4, 3), LeakyReLU(), BatchNormalization(), MaxPooling2D(), Flatten(), Dense(10)])',
  )
  t.match(network.layers, [
    {
      strides: [1, 1],
      padding: 'valid',
      kernelInitializer: 'glorotUniform',
      biasInitializer: 'zeros',
      useBias: true,
      activation: 'linear',
    },
    { slope: 0.3 },
    { momentum: 0.99, epsilon: 1e-3 },
    { poolSize: [2, 2], strides: [2, 2] },
    {},
    { kernelInitializer: 'glorotUniform' },
    { activation: 'softmax' },
  ])
})

t.test('what has nothing to do with the model is left out', async t => {
  const program: KerasProgram = readKerasPython(`"""A program."""
import numpy as np, keras
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train[..., None].astype("float32") / 255.0
x_train[0] = 0  # data may change
y_train += 1
size: int = 64
options = {"a": [1, 2], "b": lambda x: x}
count = len(x_train) if x_train is not None else 0
model = keras.Sequential([keras.Input(shape=(28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(size)])
model.summary(); print(f"{model.count_params():,} parameters", len(model.layers))
assert model.count_params() == 50_240, "as Keras counts"
pass
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy: {accuracy:.3f}")
`)
  t.equal(buildKerasNetwork(program.model, [28, 28, 1]).parameters, 50_240)
})

t.test('what is not understood is refused with line, column and reason', async t => {
  const head = 'import keras\nfrom keras import layers\n'
  const start = `${head}model = keras.Sequential([layers.Flatten()])\n`
  const graph = `${head}i = keras.Input((28, 28, 1))\nf = layers.Flatten()\nx = f(i)\n`
  const refused: [string, string, RegExp][] = [
    ['no Python', 'model = keras.Sequential([\n  layers.Flatten(', /^Line 2, column \d+: this is no Python/],
    ['JavaScript', 'const model = new Sequential();', /^Line 1, column \d+: this is no Python/],
    ['no model', 'x = 1\n', /makes no model/],
    ['two models', `${start}other = keras.Sequential()\n`, /^Line 4, column 9: a second model/],
    [
      'a loop',
      `${start}for _ in range(3):\n  model.add(layers.Dense(10))\n`,
      /^Line 4, column 1: a for statement is not understood/,
    ],
    [
      'a condition',
      `${start}if deep:\n  model.add(layers.Dense(10))\n`,
      /^Line 4, column 1: an if statement/,
    ],
    [
      'a function',
      `${head}def build():\n  return keras.Sequential()\n`,
      /^Line 3, column 1: a function definition/,
    ],
    ['a class', `${head}class Net(keras.Model):\n  pass\n`, /^Line 3, column 1: a class definition/],
    [
      'a comprehension',
      `${head}m = keras.Sequential([layers.Dense(10) for _ in range(2)])`,
      /^Line 3, column 5: Sequential takes a list of layers; this expression is not understood \(line 3\)/,
    ],
    [
      'an unpacked list',
      `${head}m = keras.Sequential([*stack, layers.Dense(10)])`,
      /a layer is expected here; an unpacked list/,
    ],
    [
      'a branch around add',
      `${start}model.add(layers.Dense(10)) if deep else None\n`,
      /^Line 4, column 1: what this does with the model/,
    ],
    [
      'a short cut around add',
      `${start}deep and model.add(layers.Dense(10))\n`,
      /^Line 4, column 10: what this does with the model/,
    ],
    [
      'a lambda around the model',
      `${start}f = lambda: model.pop()\n`,
      /^Line 4, column 13: what this does with the model/,
    ],
    [
      'a call that changes the model',
      `${start}model.pop()\n`,
      /^Line 4, column 1: what .pop\(\) does to the model/,
    ],
    ['a change of its layers', `${start}model.layers.pop()\n`, /what .pop\(\) does with the model/],
    [
      'a setting of the model',
      `${start}model.trainable = False\n`,
      /^Line 4, column 1: a change of what is there/,
    ],
    [
      'a setting of a layer',
      `${start}model.layers[0].trainable = False\n`,
      /^Line 4, column 1: a change of what is there/,
    ],
    [
      'a change of a list of layers',
      `${head}a = [layers.Flatten()]\na += [layers.Dense(10)]\nm = keras.Sequential(a)`,
      /^Line 4, column 1: a change of what is there/,
    ],
    [
      'an append to a list',
      `${head}a = [layers.Flatten()]\na.append(layers.Dense(10))\n`,
      /^Line 4, column 1: what .append\(\) does with the model/,
    ],
    [
      'a function that gets the model',
      `${start}prune(model)\n`,
      /^Line 4, column 1: what prune\(\) does with the model/,
    ],
    ['a model in a model', `${start}m = keras.Sequential([model])\n`, /a second model/],
    [
      'an unknown layer',
      `${head}m = keras.Sequential([layers.LSTM(3)])`,
      /^Line 3, column 23: the layer LSTM is not supported; supported are Conv2D/,
    ],
    [
      'a Lambda layer',
      `${head}m = keras.Sequential([layers.Lambda(lambda x: x)])`,
      /the layer Lambda is not supported/,
    ],
    [
      'a name of every object',
      `${head}m = keras.Sequential([layers.constructor()])`,
      /the layer constructor is not supported/,
    ],
    [
      'a name that is not defined',
      `${head}m = keras.Sequential([layers.Dense(units)])`,
      /^Line 3, column 23: units: units is not defined in this text/,
    ],
    [
      'a value from elsewhere',
      `${head}n = len(labels)\nm = keras.Sequential([layers.Dense(n)])`,
      /^Line 3, column 5: units: what len\(\) gives is not understood/,
    ],
    [
      'too many arguments',
      `${head}m = keras.Sequential([layers.Add(1)])`,
      /more arguments than are understood/,
    ],
    ['an argument twice', `${head}m = keras.Sequential([layers.Dense(1, units=2)])`, /units is given twice/],
    [
      'a keyword twice',
      `${head}m = keras.Sequential([layers.Dense(units=1, units=2)])`,
      /units is given twice/,
    ],
    [
      'unpacked options',
      `${head}m = keras.Sequential([layers.Dense(10, **options)])`,
      /^Line 3, column 40: activation: this expression|this expression is not understood/,
    ],
    [
      'a shared layer',
      `${head}d = layers.Dense(10)\nm = keras.Sequential([d, d])`,
      /^Line 3, column 5: Dense: the same layer twice/,
    ],
    [
      'a layer called twice',
      `${graph}y = f(i)\n`,
      /^Line 4, column 5: Flatten: a layer that is called twice/,
    ],
    ['two outputs', `${graph}m = keras.Model(i, [x, x])`, /a model of 2 outputs is not supported/],
    [
      'two inputs',
      `${graph}j = keras.Input((2,))\nm = keras.Model([i, j], x)`,
      /a model of 2 inputs is not supported/,
    ],
    [
      'an input that is left out',
      `${graph}j = keras.Input((784,))\nm = keras.Model(i, layers.Add()([x, j]))`,
      /needs an Input that the model is not given/,
    ],
    [
      'a beginning in the middle',
      `${graph}m = keras.Model(x, layers.Dense(10)(x))`,
      /must begin at an Input/,
    ],
    [
      'training=True',
      `${graph}y = layers.Dropout(0.5)(x, training=True)`,
      /a layer is called with its inputs alone/,
    ],
    [
      'an endless number',
      `${head}m = keras.Sequential([layers.Dense(1e999)])`,
      /units: the number 1e999 is not understood/,
    ],
    [
      'a division by zero',
      `${head}m = keras.Sequential([layers.Dense(1 / 0)])`,
      /units: this expression is not understood/,
    ],
    [
      'a huge layer',
      `${head}m = keras.Sequential([layers.Flatten(), layers.Dense(10 ** 9)])`,
      /^Line 3, column 41: Dense: the option units/,
    ],
    [
      'no units',
      `${head}m = keras.Sequential([layers.Flatten(), layers.Dense(0)])`,
      /^Line 3, column 41: Dense: the option units /,
    ],
    [
      'no filters',
      `${head}m = keras.Sequential([layers.Conv2D(0, 3)])`,
      /^Line 3, column 23: Conv2D: the option filters /,
    ],
    [
      'a kernel larger than its input',
      `${head}m = keras.Sequential([\n  layers.MaxPooling2D(14),\n  layers.Conv2D(1, 3)])`,
      /^Line 5, column 3: Conv2D: its 3x3 kernel is larger than its 2x2 input/,
    ],
    [
      'an argument unheard of',
      `${head}m = keras.Sequential([layers.Flatten(), layers.Dense(10, size=3)])`,
      /^Line 3, column 41: Dense: the option size is not understood/,
    ],
    [
      'an import of everything',
      'from keras.layers import *\n',
      /^Line 1, column 1: import \* is not understood/,
    ],
    ['a nest', `x = ${'('.repeat(500)}1${')'.repeat(500)}`, /this is nested too deeply/],
    ['a deep nest', `x = ${'['.repeat(50_000)}`, /this is no Python|nested too deeply/],
    ['a nest of targets', `${'('.repeat(200)}a,${')'.repeat(200)} = 1`, /not understood|no model/],
    [
      'a call that is assigned to',
      'f() = 1',
      /^Line 1, column 1: what is assigned to here|this is no Python/,
    ],
    ['a while loop', `${start}while True: pass`, /^Line 4, column 1: a while statement/],
    ['a deletion', `${start}del model`, /^Line 4, column 1: a delete statement/],
    ['a walrus', `${start}(n := model.pop())`, /what this does with the model|what .pop/],
  ]
  for (const [name, source, message] of refused) {
    t.throws(() => build(source), { name: 'KerasError', message }, name)
  }
})

t.test('code examples with functions and loops are refused where these begin', async t => {
  for (const [path, message] of [
    ['vgg/code/vgg.py', /^Line 14, column 1: a function definition/],
    ['resnet/code/resnet_cifar.py', /^Line 5, column 1: a function definition/],
  ] as const) {
    const source = await lesson(path)
    t.throws(() => readKerasPython(source), { name: 'KerasError', message })
  }
})

t.test('megabytes of text are read or refused in little time and memory', async t => {
  const layers = Array.from({ length: 2000 }, () => 'layers.ReLU()').join(',')
  t.throws(() => readKerasPython(`m = keras.Sequential([${layers}])`), /at most 1000 layers are read/)
  const lines = 'x = 1\n'.repeat(20_000)
  t.throws(() => readKerasPython(lines), /makes no model/)
})
