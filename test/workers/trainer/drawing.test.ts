import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import t from 'tap'
import { conv2d, dense, flatten } from '../../../src/networks/layers.js'
import { buildSequential } from '../../../src/networks/network-builder.js'
import { type ChildReport, planTiles } from '../../../src/training/contract.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { drawTiles } from '../../../workers/trainer/draw-tiles.js'
import { saveModel } from '../../../workers/trainer/save-model.js'
import { Child } from './child.js'

const directory = await mkdtemp(join(tmpdir(), 'lyceum-drawing-'))
const child = new Child()
t.teardown(async () => {
  child.process.disconnect()
  await child.exited
  await rm(directory, { recursive: true })
})

/** Two kernels of 2x2: the difference along a diagonal, and the mean. */
const network = buildSequential(
  'known',
  [3, 3, 1],
  [conv2d(2, 2, { padding: 'valid', activation: 'relu' }), flatten(), dense(2, { activation: 'softmax' })],
)
const convolution = network.layers[0]?.name ?? ''
const { tf } = await openEngine('wasm')
const kernel = tf.tensor4d([1, 0.25, 0, 0.25, 0, 0.25, -1, 0.25], [2, 2, 1, 2])
await saveModel(network, [kernel, tf.zeros([2]), tf.zeros([8, 2]), tf.zeros([2])], directory, {})

const pixels = [
  [0, 51, 102],
  [153, 204, 255],
  [255, 0, 0],
]

let lastId = 0
async function ask(question: object) {
  const id = String(++lastId)
  child.send({ ...question, id, modelDirectory: directory })
  return child.until(
    (report): report is Extract<ChildReport, { id: string }> => 'id' in report && report.id === id,
  )
}

async function drawn(question: object) {
  const report = await ask(question)
  if (report.kind !== 'drawing') throw new Error(JSON.stringify(report))
  return read(Buffer.from(report.png, 'base64'))
}

/** The grey, or the colour, at a place of a PNG. */
async function read(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number) => {
    const place = (y * info.width + x) * info.channels
    return [...data.subarray(place, place + info.channels)]
  }
  return { width: info.width, height: info.height, at }
}

/** What the middles of a tile's pixels show: tiles of 2x2, enlarged 32 times, a pixel apart. */
function tileOf({ at }: Awaited<ReturnType<typeof read>>, index: number) {
  const left = 1 + index * 65
  const corners = [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const
  return corners.map(([column, row]) => at(left + column * 32 + 16, 1 + row * 32 + 16)[0])
}

t.test('feature maps are what the kernels make of the image, worked out by hand', async t => {
  const image = { format: 'pixels', pixels, invert: false }
  const maps = await drawn({ kind: 'drawFeatureMaps', layer: convolution, image })
  t.match(maps, { width: 131, height: 66 })
  // a - d of each window is -0.8, -0.8, 0.6 and 0.8; ReLU makes the first two 0, and 0.8 becomes white.
  t.strictSame(tileOf(maps, 0), [0, 0, Math.round((0.6 / 0.8) * 255), 255])
  // The means are 0.4, 0.6, 0.6 and 0.45: from black for 0.4 to white for 0.6.
  t.strictSame(tileOf(maps, 1), [0, 255, 255, Math.round(0.25 * 255)])
  t.equal(maps.at(0, 0)[0], 128, 'between them it is grey')
  t.equal(maps.at(65, 10)[0], 128)
})

t.test('a test image gives the maps of the same pixels', async t => {
  const data = Buffer.from(pixels.flat()).toString('base64')
  const same = await drawn({
    kind: 'drawFeatureMaps',
    layer: convolution,
    image: { format: 'bytes', data },
  })
  t.strictSame(tileOf(same, 0), [0, 0, 191, 255])
})

t.test('filters are the kernels, from black for the lowest weight to white for the highest', async t => {
  const filters = await drawn({ kind: 'drawFilters', layer: convolution })
  t.match(filters, { width: 131, height: 66 })
  t.strictSame(tileOf(filters, 0), [255, 128, 128, 0])
  t.strictSame(tileOf(filters, 1), [0, 0, 0, 0], 'one that is the same everywhere is black')
})

t.test('what is no image is refused, and the child stays', async t => {
  const text = Buffer.from('hello').toString('base64')
  for (const image of [
    { format: 'pixels', pixels: [[0]], invert: false },
    { format: 'png', data: text, invert: false },
    { format: 'jpeg', data: text, invert: false },
  ]) {
    t.match(await ask({ kind: 'drawFeatureMaps', layer: convolution, image }), {
      kind: 'predictionFailed',
      code: 'IMAGE_UNREADABLE',
      fault: 'spec',
    })
  }
  t.match(await ask({ kind: 'drawFilters', layer: convolution }), { kind: 'drawing' })
})

t.test('a JPEG is taken like a PNG', async t => {
  const raw = { width: 3, height: 3, channels: 1 as const }
  const picture = sharp(Buffer.from(pixels.flat()), { raw })
  const [png, jpeg] = await Promise.all([
    picture.clone().png().toBuffer(),
    picture.clone().jpeg({ quality: 100 }).toBuffer(),
  ])
  const tiles = await Promise.all(
    [
      { format: 'png', data: png.toString('base64') },
      { format: 'jpeg', data: jpeg.toString('base64') },
    ].map(async image =>
      tileOf(
        await drawn({ kind: 'drawFeatureMaps', layer: convolution, image: { ...image, invert: false } }),
        1,
      ),
    ),
  )
  for (const [place, level] of (tiles[0] ?? []).entries())
    t.ok(Math.abs((level ?? 0) - (tiles[1]?.[place] ?? 999)) < 12, 'but for what JPEG loses')
})

t.test('kernels over three channels are drawn in colour', async t => {
  const tile = await read(await drawTiles([[0, 0.5, 1]], { height: 1, width: 1, channels: 3 }))
  t.match(tile, { width: 66, height: 66 })
  t.strictSame(tile.at(30, 30), [0, 128, 255])
})

t.test('tiles are laid out in a square, enlarged as far as there is room', async t => {
  t.strictSame(planTiles(32, { height: 26, width: 26 }), {
    ...{ columns: 6, rows: 6, scale: 2 },
    ...{ width: 1 + 6 * 53, height: 1 + 6 * 53 },
  })
  t.match(planTiles(256, { height: 56, width: 56 }), { columns: 16, scale: 1 })
  t.match(planTiles(1, { height: 224, width: 224 }), { columns: 1, rows: 1, scale: 1 })
  t.equal(planTiles(2048, { height: 56, width: 56 }), undefined)
})
