import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { datasets } from '../../../src/training/contract.js'
import { cifarSynthetic } from '../../../workers/datasets/cifar-synthetic.js'
import type { DatasetSource, ImageSet } from '../../../workers/datasets/dataset.js'
import { encodeDataset, sha256 } from '../../../workers/datasets/dataset-cache.js'
import { parseIdx } from '../../../workers/datasets/idx.js'
import { loadDataset, openDataset } from '../../../workers/datasets/load-dataset.js'
import { selectClasses } from '../../../workers/datasets/select-classes.js'

const directory = await mkdtemp(join(tmpdir(), 'lyceum-datasets-'))
t.teardown(() => rm(directory, { recursive: true }))

const countClasses = ({ labels }: ImageSet) => {
  const counts = new Array<number>(10).fill(0)
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}
const meanPixel = ({ pixels }: ImageSet) =>
  pixels.reduce((sum, value) => sum + value, 0) / pixels.length / 255

t.test('MNIST is the published database', async t => {
  const { training, test } = await loadDataset('mnist', directory)
  t.equal(training.count, 60_000)
  t.equal(test.count, 10_000)
  t.strictSame(countClasses(training), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
  t.strictSame(countClasses(test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
  t.strictSame([...training.labels.slice(0, 5)], [5, 0, 4, 1, 9])
  t.strictSame([...test.labels.slice(0, 5)], [7, 2, 1, 0, 4])
  t.equal(meanPixel(training).toFixed(4), '0.1307', 'the mean by which others normalise it')
})

t.test('what is said of the classes of a dataset is so, and a choice of them is numbered anew', async t => {
  for (const { id, imagesOfClasses } of datasets) {
    const { training, test } = await loadDataset(id, directory)
    t.strictSame(
      [countClasses(training), countClasses(test)],
      [imagesOfClasses.training, imagesOfClasses.test],
    )
  }
  const whole = await loadDataset('mnist', directory)
  const { description, training, test } = selectClasses(whole, [7, 3])
  t.match(description, { classNames: ['7', '3'], trainingImages: 6265 + 6131, testImages: 1028 + 1010 })
  t.strictSame([training.count, test.count], [6265 + 6131, 1028 + 1010])
  t.strictSame(countClasses(training).slice(0, 3), [6265, 6131, 0])
  // The first test image of MNIST is a 7, the first 3 comes at place 18.
  t.strictSame([...test.labels.subarray(0, 3)], [0, 0, 1])
  const image = (set: ImageSet, place: number) =>
    Buffer.from(set.pixels.subarray(place * 784, (place + 1) * 784))
  t.ok(image(test, 0).equals(image(whole.test, 0)))
  t.ok(image(test, 2).equals(image(whole.test, 18)))
})

t.test('Fashion-MNIST is split by a fixed seed, each class alike', async t => {
  const first = await loadDataset('fashion-mnist', directory)
  t.strictSame(countClasses(first.training), new Array(10).fill(6000))
  t.strictSame(countClasses(first.test), new Array(10).fill(1000))
  t.ok(Math.abs(meanPixel(first.training) - 0.286) < 0.001, 'its mean is the published one')
  const again = await loadDataset('fashion-mnist', directory)
  t.equal(again.checksum, first.checksum)
  t.ok(Buffer.from(again.training.pixels).equals(first.training.pixels), 'the cache gives the same')
})

t.test('the coloured shapes are drawn alike everywhere, each class alike, none twice', async t => {
  const { checksum, decode } = cifarSynthetic
  const drawn = decode([])
  const again = decode([])
  t.ok(Buffer.from(again.training.pixels).equals(drawn.training.pixels), 'by the seed alone')
  t.equal(sha256(encodeDataset(drawn.training, drawn.test)), checksum)
  t.equal(checksum, '63831809e6882780aeb400a5e903232acd7364605732f83ee5252c135c6b5850')
  t.strictSame(countClasses(drawn.training), new Array(10).fill(1000))
  t.strictSame(countClasses(drawn.test), new Array(10).fill(200))
  const images = [drawn.training, drawn.test].flatMap(({ count, pixels }) =>
    Array.from({ length: count }, (_, place) => sha256(pixels.subarray(place * 3072, (place + 1) * 3072))),
  )
  t.equal(new Set(images).size, 12_000, 'nor one of the training images in the test')
  const sums = [0, 0, 0]
  for (const [place, value] of drawn.test.pixels.entries()) sums[place % 3] = (sums[place % 3] ?? 0) + value
  const means = sums.map(sum => sum / (2_000 * 1024))
  t.ok(
    means.every(mean => Math.abs(mean - 127.5) < 3),
    `no colour is preferred: ${means}`,
  )
})

t.test('every dataset of the contract can be loaded as it is described', async t => {
  for (const description of datasets) {
    const { training, test, checksum } = await loadDataset(description.id, directory)
    const bytes = description.inputShape.reduce((product, length) => product * length, 1)
    t.equal(training.pixels.length, description.trainingImages * bytes)
    t.equal(test.pixels.length, description.testImages * bytes)
    t.ok([...training.labels].every(label => label < description.classNames.length))
    t.match(checksum, /^[0-9a-f]{64}$/)
  }
  await t.rejects(loadDataset('cifar-10', directory), { name: 'DatasetError' })
})

/** Two images of one pixel, in a file of their own, to be damaged at will. */
async function tinyDataset(folder: string, content = Uint8Array.of(10, 200)) {
  const path = join(folder, 'source')
  await writeFile(path, Uint8Array.of(10, 200))
  let decoded = 0
  const source: DatasetSource = {
    id: 'tiny',
    checksum: sha256(Uint8Array.of(10, 0, 200, 1)),
    locate: () => [{ path, sha256: sha256(content) }],
    decode: ([file = new Uint8Array()]) => {
      decoded++
      return {
        training: { count: 1, pixels: file.subarray(0, 1), labels: Uint8Array.of(0) },
        test: { count: 1, pixels: file.subarray(1, 2), labels: Uint8Array.of(1) },
      }
    },
  }
  const description = {
    id: 'tiny',
    title: 'Tiny',
    source: 'this test',
    split: 'one each',
    inputShape: [1, 1, 1] as const,
    classNames: ['dark', 'light'],
    trainingImages: 1,
    testImages: 1,
    imagesOfClasses: { training: [1, 0], test: [0, 1] },
  }
  const cache = join(folder, 'cache')
  return { cache, path, decoded: () => decoded, open: () => openDataset(source, description, cache) }
}

t.test('a dataset is decoded once, and again when its cache is damaged', async t => {
  const tiny = await tinyDataset(t.testdir())
  t.equal((await tiny.open()).test.pixels[0], 200)
  await tiny.open()
  t.equal(tiny.decoded(), 1)
  const [file = ''] = await readdir(tiny.cache)
  for (const damage of [Uint8Array.of(10, 0, 201, 1), Uint8Array.of(10, 0), new Uint8Array()]) {
    await writeFile(join(tiny.cache, file), damage)
    t.equal((await tiny.open()).test.pixels[0], 200)
    t.strictSame([...(await readFile(join(tiny.cache, file)))], [10, 0, 200, 1], 'the cache is whole again')
  }
  t.equal(tiny.decoded(), 4)
})

t.test('several readers may build the cache at once, and leave nothing unfinished', async t => {
  const tiny = await tinyDataset(t.testdir())
  const opened = await Promise.all(Array.from({ length: 8 }, tiny.open))
  t.ok(opened.every(({ training }) => training.pixels[0] === 10))
  t.equal((await readdir(tiny.cache)).length, 1)
})

t.test('an altered or missing source file is refused by name', async t => {
  const altered = await tinyDataset(t.testdir(), Uint8Array.of(11, 200))
  await t.rejects(altered.open(), { name: 'DatasetError', message: /source is not the file it should be/ })
  const missing = await tinyDataset(t.testdir())
  await rm(missing.path)
  await t.rejects(missing.open(), { name: 'DatasetError', message: /cannot be read \(ENOENT\)/ })
})

t.test('an IDX file gives its shape and numbers, anything else is refused', async t => {
  const good = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]
  const { shape, values } = parseIdx(Uint8Array.from(good))
  t.strictSame(shape, [2, 3])
  t.strictSame([...values], [1, 2, 3, 4, 5, 6])
  t.throws(() => parseIdx(Uint8Array.from(good.slice(0, -1))), /should hold 6 numbers, not 5/)
  t.throws(() => parseIdx(Uint8Array.of(0, 0, 8, 9, 0, 0)), /ends within its header/)
  t.throws(() => parseIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0)), /only IDX files of unsigned bytes/)
  t.throws(() => parseIdx(Uint8Array.of(31, 139, 8, 0)), /two zero bytes/)
  t.throws(() => parseIdx(new Uint8Array()), /two zero bytes/)
})
