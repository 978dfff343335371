import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { findArchitecture } from '../../../src/networks/architectures/index.js'
import { findExportProblem } from '../../../src/networks/exports/export-formats.js'
import { buildLayerList, layerList } from '../../../src/networks/layer-list.js'
import type { Network } from '../../../src/networks/network.js'
import { convertedFormats } from '../../../src/training/contract.js'
import { openWasmEngine } from '../../../workers/engines/wasm.js'
import { writeExport } from '../../../workers/exporter/write-export.js'
import { loadModel } from '../../../workers/trainer/predictor.js'
import { readExports, withExportReaders } from '../../support/export-readers.js'
import { saveRandomModel } from './random-model.js'

/** Every kind of layer that an architecture may lack, with odd sizes, and names that others might think of. */
const everyLayer = buildLayerList(
  layerList.parse([
    {
      type: 'zeroPadding2d',
      padding: [
        [1, 2],
        [0, 3],
      ],
      name: 'images',
    },
    {
      type: 'conv2d',
      filters: 6,
      kernelSize: 3,
      strides: 2,
      padding: 'same',
      activation: 'sigmoid',
      name: 'input',
    },
    { type: 'leakyRelu', slope: 0.2 },
    {
      type: 'depthwiseConv2d',
      kernelSize: [3, 2],
      depthMultiplier: 2,
      padding: 'same',
      useBias: false,
      name: 'fork',
    },
    { type: 'cropChannels', before: 1, after: 3, name: 'left' },
    {
      type: 'conv2d',
      filters: 8,
      kernelSize: 1,
      useBias: false,
      activation: 'relu6',
      inputs: ['fork'],
      name: 'right',
    },
    { type: 'add', inputs: ['left', 'right', 'right'] },
    { type: 'padChannels', before: 1, after: 2 },
    { type: 'batchNormalization', epsilon: 0.01, name: 'normalized' },
    { type: 'maxPool2d', poolSize: 3, strides: 2, padding: 'same', name: 'largest' },
    { type: 'avgPool2d', poolSize: 3, strides: 2, padding: 'same', inputs: ['normalized'], name: 'mean' },
    { type: 'concatenate', inputs: ['largest', 'mean'] },
    { type: 'dropout', rate: 0.5 },
    { type: 'reshape', targetShape: [9, 22], name: 'rows' },
    { type: 'batchNormalization' },
    { type: 'activation', activation: 'softmax' },
    { type: 'reshape', targetShape: [6, 3, 11] },
    { type: 'conv2d', filters: 5, kernelSize: 2, activation: 'tanh', name: 'small' },
    { type: 'globalAvgPool2d', name: 'averages' },
    { type: 'globalMaxPool2d', inputs: ['small'], name: 'peaks' },
    { type: 'concatenate', inputs: ['averages', 'peaks'] },
    { type: 'dense', units: 9, useBias: false },
    { type: 'reshape', targetShape: [3, 3] },
    { type: 'flatten' },
    { type: 'dense', units: 4, activation: 'softmax' },
  ]),
  [9, 7, 3],
)
/** Its constants are such that it changes a lot; Keras has no such layer. */
const normalizing = buildLayerList(
  layerList.parse([
    { type: 'localResponseNormalization', radius: 1, bias: 0.5, alpha: 2, beta: 0.6 },
    { type: 'flatten' },
    { type: 'dense', units: 4 },
  ]),
  [3, 3, 8],
)

/** Every small architecture; of those that differ in size alone, the smallest. */
const ids = ['simple-cnn', 'lenet-5', 'lenet-5-1998', 'alexnet-small', 'resnet-20']
const narrowIds = ['mobilenet-v1-small', 'mobilenet-v2-small']
const networks = new Map<string, Network>([
  ['every-layer', everyLayer],
  ['normalizing', normalizing],
  ...[...ids, 'cspresnet-20'].map(id => [id, build(id, 1)] as const),
  ...narrowIds.map(id => [id, build(id, 0.25)] as const),
])

const answers = z.record(
  z.string(),
  z.partialRecord(z.enum(['model.keras', 'model.onnx']), z.array(z.array(z.number()))),
)

// Keras compiles each of its convolutions anew: seconds on a machine of its own, longer on one that is shared.
t.setTimeout(300_000)

t.test('Exports', async t => {
  const { tf } = await openWasmEngine()
  const parent = t.testdir()
  const expected = new Map<string, number[][]>()
  for (const [id, network] of networks) {
    const directory = join(parent, id)
    await saveRandomModel(tf, network, directory)
    const shape = [2, ...network.inputShape]
    const images = tf.randomUniform(shape, 0, 1, 'float32', 7)
    writeFileSync(
      join(directory, 'images.json'),
      JSON.stringify({ shape, values: [...(await images.data())] }),
    )
    const model = await loadModel(directory)
    expected.set(id, rows.parse(await tf.tidy(() => [model.predict(images)].flat()[0]?.arraySync())))
    for (const format of convertedFormats) {
      if (findExportProblem(network, format)) continue
      await writeExport({ format, directory, file: join(directory, `model.${format}`) })
    }
    tf.dispose([images])
    model.dispose()
  }

  await t.test('compute in Keras and in ONNX Runtime what they computed here', withExportReaders, async t => {
    const read = answers.parse(readExports(parent))
    for (const [id, network] of networks) {
      for (const format of convertedFormats) {
        if (findExportProblem(network, format)) continue
        const difference = largestDifference(read[id]?.[`model.${format}`], expected.get(id))
        t.ok(difference < 1e-5, `${id} as ${format} differs by ${difference}`)
      }
    }
  })
})

const rows = z.array(z.array(z.number()))

function build(id: string, widthMultiplier: number): Network {
  const network = findArchitecture(id)?.build({ dropout: 0.2, widthMultiplier })
  if (!network) throw new Error(`there is no architecture ${id}`)
  return network
}

function largestDifference(ours: number[][] = [], theirs: number[][] = []): number {
  const [a, b] = [ours.flat(), theirs.flat()]
  if (a.length === 0 || a.length !== b.length) return Number.POSITIVE_INFINITY
  return Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? Number.NaN))))
}
