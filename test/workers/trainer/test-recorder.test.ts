import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  chooseSamples,
  decodeTestPredictions,
  encodeTestPredictions,
  rankImages,
  testImagesFile,
  testPredictionsFile,
  topOf,
} from '../../../src/training/contract.js'
import { chooseShownImages } from '../../../workers/trainer/choose-shown-images.js'
import { TestRecorder } from '../../../workers/trainer/test-recorder.js'

/** Images of one grey pixel whose class 0 or 1 has this probability to be right; the third class has none. */
function record(labels: number[], probabilities: number[]) {
  const count = labels.length
  const pixels = Uint8Array.from({ length: count }, (_, index) => index + 1)
  const set = { count, pixels, labels: Uint8Array.from(labels) }
  const recorder = new TestRecorder(set, [1, 1, 1], 3)
  for (const [index, probability] of probabilities.entries()) {
    const logits = [Math.log(1 - probability), Math.log(1 - probability), Number.NEGATIVE_INFINITY]
    logits[labels[index] ?? 0] = Math.log(probability)
    recorder.record(index, logits)
  }
  return recorder
}

t.test('the likeliest classes of an image are kept with their probabilities', async t => {
  const set = { count: 2, pixels: new Uint8Array(2), labels: Uint8Array.of(3, 6) }
  const recorder = new TestRecorder(set, [1, 1, 1], 7)
  // By the softmax of large numbers, which must not overflow: shares of 1, 2, 4, 8, 16, 32 and 64 out of 127.
  const logits = [1, 2, 4, 8, 16, 32, 64].map(share => 1000 + Math.log(share))
  recorder.record(0, logits)
  recorder.record(1, logits.toReversed())
  const decoded = decodeTestPredictions(encodeTestPredictions(recorder.predictions))
  const rounded = topOf(decoded, 0).map(({ label, probability }) => [label, Math.round(127 * probability)])
  t.strictSame(rounded, [
    [6, 64],
    [5, 32],
    [4, 16],
    [3, 8],
    [2, 4],
  ])
  t.strictSame(
    topOf(decoded, 1).map(({ label }) => label),
    [0, 1, 2, 3, 4],
  )
  t.strictSame([...decoded.labels], [3, 6])
})

t.test('a file that is cut off, or another, is refused', async t => {
  const bytes = encodeTestPredictions(record([0, 1], [0.9, 0.8]).predictions)
  for (const broken of [bytes.subarray(1), bytes.subarray(0, -1), bytes.subarray(0, 10), Buffer.alloc(100)])
    t.throws(() => decodeTestPredictions(broken), /cut off|no file of test predictions/)
})

t.test('images are ranked by how sure the network was, and samples are taken from the ends', async t => {
  const { predictions } = record([0, 1, 0, 1, 0], [0.9, 0.6, 0.2, 0.95, 0.3])
  t.strictSame(
    rankImages(predictions, () => true),
    [3, 0, 2, 4, 1],
  )
  t.strictSame(chooseSamples(predictions, 2), {
    surestRight: [3, 0],
    surestWrong: [2, 4],
    leastCertain: [1, 4],
  })
  t.strictSame(chooseSamples(record([0], [0.9]).predictions, 2).surestWrong, [])
})

t.test('every cell of the matrix has its surest image shown before another has a second', async t => {
  const right = Array.from({ length: 30 }, (_, index) => 0.99 - index / 1000)
  const wrong = Array.from({ length: 30 }, (_, index) => 0.01 + index / 1000)
  const labels = [...right.map(() => 0), ...wrong.map(() => 1)]
  const { predictions } = record(labels, [...right, ...wrong])
  // The samples are the ten surest of each kind and the ten least certain: images 0 to 9, 30 to 39, 50 to 59.
  const samples = chooseShownImages(predictions, 30)
  t.strictSame([...samples.subarray(0, 10)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.equal(samples.length, 30)
  const more = [...chooseShownImages(predictions, 33)].filter(index => !samples.includes(index))
  t.strictSame(more, [10, 40, 41], 'a mistake before what was recognised')
  t.strictSame([...chooseShownImages(predictions, 100)].length, 60)
  t.strictSame([...chooseShownImages(predictions, 0)], [])
})

t.test('no more images are written than there is room for, and each is found at its place', async t => {
  const directory = t.testdir()
  const recorder = record([0, 1, 0, 1, 0, 1], [0.9, 0.1, 0.8, 0.2, 0.7, 0.3])
  t.strictSame(await recorder.save(directory, 4), [testImagesFile, testPredictionsFile])
  const pixels = await readFile(join(directory, testImagesFile))
  t.equal(pixels.length, 4)
  const { places } = decodeTestPredictions(await readFile(join(directory, testPredictionsFile)))
  t.equal(places.filter(place => place >= 0).length, 4)
  for (const [index, place] of places.entries()) if (place >= 0) t.equal(pixels[place], index + 1)
})
