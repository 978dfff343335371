import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import {
  type ChildReport,
  findArchitecture,
  type PredictionImageInput,
} from '../../../src/training/contract.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { initializeWeights } from '../../../workers/trainer/initialize.js'
import { saveModel } from '../../../workers/trainer/save-model.js'
import { Child } from './child.js'

const directory = await mkdtemp(join(tmpdir(), 'lyceum-prediction-'))
const child = new Child()
t.teardown(async () => {
  child.process.disconnect()
  await child.exited
  await rm(directory, { recursive: true })
})

const { tf } = await openEngine('wasm')
const network = findArchitecture('simple-cnn')?.build({ dropout: 0 })
if (!network) throw new Error('no simple CNN')
await saveModel(network, initializeWeights(tf, network, 1), directory, {})

let lastId = 0
async function predict(images: PredictionImageInput[], modelDirectory = directory) {
  const id = String(++lastId)
  child.send({ kind: 'predict', id, modelDirectory, images })
  return child.until(
    (report): report is Extract<ChildReport, { id: string }> =>
      (report.kind === 'prediction' || report.kind === 'predictionFailed') && report.id === id,
  )
}

async function probabilities(images: PredictionImageInput[]): Promise<number[][]> {
  const report = await predict(images)
  if (report.kind !== 'prediction') throw new Error(JSON.stringify(report))
  return report.predictions.map(prediction => {
    if ('failure' in prediction) throw new Error(JSON.stringify(prediction))
    return prediction.probabilities
  })
}

/** A bright bar on black, 28 by 28. */
const bar = Array.from({ length: 28 }, (_, row) =>
  Array.from({ length: 28 }, (_, column) => (column > 10 && column < 16 && row > 4 && row < 24 ? 255 : 0)),
)
const inverted = bar.map(row => row.map(value => 255 - value))
const png = async (rows: number[][]) => {
  const raw = { width: rows[0]?.length ?? 0, height: rows.length, channels: 1 as const }
  return (await sharp(Buffer.from(rows.flat()), { raw }).png().toBuffer()).toString('base64')
}

t.test('pixels and the PNG of the same picture are recognised alike', async t => {
  const [pixels, file] = await probabilities([
    { format: 'pixels', pixels: bar },
    { format: 'png', data: await png(bar) },
  ])
  t.equal(pixels?.length, 10)
  const sum = (pixels ?? []).reduce((total, value) => total + value, 0)
  t.ok(Math.abs(sum - 1) < 1e-5, 'the probabilities of an image sum to 1')
  t.strictSame(file, pixels)
})

t.test('dark ink on white paper is turned around when asked', async t => {
  const [plain, ...turned] = await probabilities([
    { format: 'pixels', pixels: bar },
    { format: 'pixels', pixels: inverted, invert: true },
    { format: 'png', data: await png(inverted), invert: true },
  ])
  for (const row of turned) t.strictSame(row, plain)
})

t.test('a see-through PNG and a coloured one are taken, of any size', async t => {
  const transparent = sharp({
    create: { width: 64, height: 32, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
  })
  const data = (await transparent.png().toBuffer()).toString('base64')
  const [row] = await probabilities([{ format: 'png', data }])
  t.equal(row?.length, 10)
})

t.test('what is no image is refused, and the child stays', async t => {
  const refused: [string, PredictionImageInput, RegExp][] = [
    ['too few rows', { format: 'pixels', pixels: bar.slice(1) }, /28 rows of 28 numbers/],
    ['no image', { format: 'png', data: Buffer.from('hello').toString('base64') }, /cannot be decoded/],
    ['half a PNG', { format: 'png', data: (await png(bar)).slice(0, 80) }, /cannot be decoded/],
    [
      'a JPEG',
      {
        format: 'png',
        data: (
          await sharp(Buffer.alloc(784), { raw: { width: 28, height: 28, channels: 1 } })
            .jpeg()
            .toBuffer()
        ).toString('base64'),
      },
      /not a PNG file but jpeg/,
    ],
    [
      'more pixels than are allowed',
      {
        format: 'png',
        data: (
          await sharp({ create: { width: 5000, height: 4000, channels: 3, background: 'black' } })
            .png({ compressionLevel: 1 })
            .toBuffer()
        ).toString('base64'),
      },
      /cannot be decoded: .*pixel limit/i,
    ],
  ]
  for (const [name, image, message] of refused) {
    const failure = { code: 'IMAGE_UNREADABLE', message, fault: 'spec' }
    t.match(await predict([image]), { kind: 'prediction', predictions: [{ failure }] }, name)
  }
})

t.test('an image that cannot be read costs the others nothing', async t => {
  const good: PredictionImageInput = { format: 'pixels', pixels: bar }
  const [alone] = await probabilities([good])
  const bad: PredictionImageInput = { format: 'pixels', pixels: [[0]] }
  // More than are computed at once, so that the unreadable one lies inside a batch and a batch is not full.
  const images = Array.from({ length: 32 }, (_, index) => (index === 9 ? bad : good))
  const report = await predict(images)
  if (report.kind !== 'prediction') throw new Error(JSON.stringify(report))
  for (const [index, prediction] of report.predictions.entries()) {
    if (index === 9) t.match(prediction, { failure: { code: 'IMAGE_UNREADABLE' } })
    else if ('failure' in prediction) t.fail(`image ${index}`)
    else
      for (const [i, probability] of prediction.probabilities.entries())
        t.ok(Math.abs(probability - (alone?.[i] ?? 0)) < 1e-6)
  }
  t.equal(report.predictions.length, 32)
})

t.test('a model that is missing or damaged is said so', async t => {
  const image: PredictionImageInput = { format: 'pixels', pixels: bar }
  const expected = { kind: 'predictionFailed', code: 'MODEL_UNREADABLE', fault: 'machine' }
  t.match(await predict([image], join(directory, 'none')), expected)
  const folder = t.testdir()
  await writeFile(join(folder, 'model.json'), '{"modelTopology": {}}')
  t.match(await predict([image], folder), expected)
})
