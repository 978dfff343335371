import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import t from 'tap'
import { UploadRefused } from '../../../src/platform/upload-refused.js'
import { encodeDataset, sha256 } from '../../../workers/datasets/dataset-cache.js'
import { mnist } from '../../../workers/datasets/mnist.js'
import { drawContactSheet } from '../../../workers/datasets/upload/contact-sheet.js'
import { decodeUpload } from '../../../workers/datasets/upload/decode-upload.js'
import { splitByClass } from '../../../workers/datasets/upload/split.js'
import { runDecoder } from '../../../workers/decoding.js'
import { forgeEntries, forgeText, makeClassFolders, makeIdx, makeImage, makeZip } from '../../support/zips.js'

const directory = await mkdtemp(join(tmpdir(), 'lyceum-uploads-'))
t.teardown(() => rm(directory, { recursive: true, force: true }))

async function decode(zip: Uint8Array, size: number | null = null, onProgress = (_share: number) => {}) {
  const file = join(directory, 'upload.zip')
  await writeFile(file, zip)
  return decodeUpload(file, size, onProgress)
}

const red = await makeImage([200, 10, 10])
const blue = await makeImage([10, 10, 200])
/** The least that is a dataset. */
const least = { 'blue/1.png': blue, 'blue/2.png': blue, 'red/1.png': red, 'red/2.png': red }

t.test('class folders become images of one size, split by a fixed seed', async t => {
  const shares: number[] = []
  const files = await makeClassFolders(['cat', 'dog', 'eel'], 10)
  const extra = { 'cat/wide.jpg': await makeImage([255, 255, 255], 30, 'jpeg'), '__MACOSX/cat/._1.png': 'x' }
  const decoded = await decode(await makeZip({ ...files, ...extra, '.DS_Store': 'x' }), null, share =>
    shares.push(share),
  )
  t.match(decoded, { inputShape: [12, 12, 3], classNames: ['cat', 'dog', 'eel'], split: /fixed seed/ })
  t.strictSame([decoded.training.count, decoded.test.count], [25, 6])
  t.equal(decoded.training.pixels.length, 25 * 12 * 12 * 3)
  t.strictSame(countLabels(decoded.test.labels), [2, 2, 2])
  t.equal(shares.at(-1), 1)
  t.strictSame(
    shares,
    shares.toSorted((a, b) => a - b),
  )
  const eel = decoded.training.labels.indexOf(2) * 12 * 12 * 3
  const [r = 0, g = 0, b = 0] = decoded.training.pixels.subarray(eel)
  t.ok(b >= 120 && r === 10 && g === 10, 'with the colours that they had')
  const sheet = await sharp(await drawContactSheet(decoded)).metadata()
  t.match(sheet, { format: 'png', width: 502, height: 152 })
})

t.test('train/ and test/ below a folder are kept apart, and grey images have one channel', async t => {
  const grey = await makeImage([99, 99, 99], 9)
  const paths = ['train/no/a.png', 'train/yes/a.png', 'train/yes/b.png', 'Test/no/a.png', 'Test/yes/a.png']
  const zip = await makeZip(Object.fromEntries(paths.map(path => [`all/${path}`, grey])))
  const decoded = await decode(zip, 8)
  t.match(decoded, { inputShape: [8, 8, 1], split: /As uploaded/ })
  t.strictSame([...decoded.training.labels], [0, 1, 1])
  t.strictSame([...decoded.test.labels], [0, 1])
  t.ok(decoded.training.pixels.every(value => value === 99))
})

t.test('IDX files are read, gzipped or not, with a test of their own or without', async t => {
  const pixels = Uint8Array.from({ length: 8 * 64 }, (_, index) => index % 251)
  const labels = Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1)
  const images = makeIdx([8, 8, 8], pixels)
  const whole = await decode(
    await makeZip({ 'images-idx3-ubyte': images, 'labels-idx1-ubyte': makeIdx([8], labels) }),
  )
  t.match(whole, { inputShape: [8, 8, 1], classNames: ['0', '1'] })
  t.strictSame([whole.training.count, whole.test.count], [6, 2])
  const pairs = await decode(
    await makeZip({
      'train-images-idx3-ubyte.gz': gzipSync(images),
      'train-labels-idx1-ubyte.gz': gzipSync(makeIdx([8], labels)),
      't10k-images-idx3-ubyte': images,
      't10k-labels-idx1-ubyte': makeIdx([8], labels),
      'classes.txt': 'no\nyes\n',
    }),
  )
  t.match(pairs, { classNames: ['no', 'yes'], training: { count: 8 }, test: { count: 8 } })
  t.strictSame([...pairs.training.pixels], [...pixels])
})

t.test('MNIST, uploaded, is MNIST', async t => {
  const files = mnist.locate().map(({ path }) => [basename(path), readFileSync(path)])
  const { training, test } = await decode(await makeZip(Object.fromEntries(files), { compress: false }))
  t.equal(sha256(encodeDataset(training, test)), mnist.checksum)
})

t.test('a fifth of each class is for the test, at least one', async t => {
  const labels = [...Array.from({ length: 20 }, () => 0), 1, 1]
  const { training, test } = splitByClass(labels, 2)
  t.strictSame(countLabels(test.map(index => labels[index] ?? 0)), [4, 1])
  t.strictSame(
    [...training, ...test].sort((a, b) => a - b),
    [...labels.keys()],
  )
  t.strictSame(splitByClass(labels, 2), { training, test }, 'the same again')
})

const zeros = new Uint8Array(4 * 1024 * 1024)
const leastZip = await makeZip(least)
const tiny = Array.from({ length: 1_100 }, (_, index) => [`red/${index}.png`, 'x'])
const idx = (images: Uint8Array, labels: Uint8Array, extra = {}) =>
  makeZip({ 'images-idx3-ubyte': images, 'labels-idx1-ubyte': labels, ...extra })
const fourImages = makeIdx([4, 8, 8], new Uint8Array(256))
/** The same file, said to hold numbers of another type. */
const ofType = (file: Uint8Array, type: number) =>
  Uint8Array.from(file, (byte, at) => (at === 2 ? type : byte))

const refused: Array<[name: string, zip: Uint8Array | Promise<Uint8Array>, reason: RegExp, size?: number]> = [
  ['no zip', Buffer.from('hello'), /cannot be read as a zip/],
  ['nothing', Buffer.alloc(0), /cannot be read as a zip/],
  ['a zip that was cut off', leastZip.subarray(0, -40), /cannot be read as a zip/],
  ['an empty zip', makeZip({}), /no image in the zip/],
  ['more entries than are taken', forgeCount(leastZip, 120_001), /has 120001 entries; 120000 are taken/],
  ['a path that leads out', forgeText(leastZip, 'red/1.png', '../../png'), /relative path: \.\.\/\.\.\/png/],
  ['an absolute path', forgeText(leastZip, 'red/1.png', '/ed/1.png'), /absolute path/],
  ['a path twice', forgeText(leastZip, 'red/1.png', 'red/2.png'), /'red\/2\.png' is in the zip twice/],
  ['a path without end', makeZip({ [`${'a/'.repeat(600)}1.png`]: red }), /too long a path/],
  ['an encrypted entry', forgeEntries(leastZip, encrypt), /'blue\/1\.png' is encrypted/],
  ['a symbolic link', makeZip(least, { mode: 0o120777 }), /'blue\/1\.png' is a symbolic link/],
  ['a bomb', makeZip({ ...least, 'red/3.png': zeros }), /'red\/3\.png' is more than 200 times as large/],
  [
    'a thousand small bombs',
    makeZip(Object.fromEntries(tiny)).then(zip => forgeEntries(zip, grow)),
    /more than 1024 MiB unpacked/,
  ],
  [
    'an entry that is larger than it says',
    makeZip({ ...least, 'red/3.png': zeros }).then(zip => forgeEntries(zip, shrink)),
    /cannot be unpacked|cannot be read as a zip/,
  ],
  ['a zip in the zip', makeZip({ ...least, 'red/more.zip': leastZip }), /'red\/more\.zip' is neither a PNG/],
  [
    'another format by a wrong name',
    makeZip({ ...least, 'red/3.png': await webp() }),
    /'red\/3\.png' cannot be/,
  ],
  ['an SVG by a wrong name', makeZip({ ...least, 'red/3.png': '<svg/>' }), /'red\/3\.png' cannot be decoded/],
  [
    'a damaged image',
    makeZip({ ...least, 'red/bad.png': red.subarray(0, -30) }),
    /'red\/bad\.png' cannot be decoded as a PNG or JPEG image: ./,
  ],
  [
    'an image that is too large',
    makeZip({ ...least, 'red/3.png': await wide() }),
    /'red\/3\.png' has 5100x5000/,
  ],
  ['images without folders', makeZip({ '1.png': red, '2.png': blue }), /'1\.png' is in no folder of a class/],
  ['folders too deep', makeZip({ ...least, 'red/x/3.png': red }), /'red\/x\/3\.png' is in no folder/],
  ['a validation set', makeZip({ 'train/a/1.png': red, 'val/a/1.png': red }), /is in no folder of a class/],
  ['one class', makeZip({ 'red/1.png': red, 'red/2.png': red }), /All images are of one class, 'red'/],
  ['too few of a class', makeZip({ ...least, 'eel/1.png': red }), /'eel' has only 1 image/],
  ['a class without images', makeZip({ ...least, 'eel/': '' }), /The class 'eel' has no image/],
  [
    'a class that is not tested',
    makeZip({ 'train/a/1.png': red, 'train/b/1.png': red, 'test/a/1.png': red }),
    /'b' has no image in test\//,
  ],
  [
    'too many classes',
    makeZip(Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`c${i}/1.png`, red]))),
    /257 classes; 256 are taken/,
  ],
  ['a class name that is no text', forgeText(leastZip, 'red/', 'r\u0007d/'), /is no name of a class/],
  ['images without labels', makeZip({ 'images-idx3-ubyte': fourImages }), /no images with their labels/],
  [
    'more images than labels',
    idx(fourImages, makeIdx([3], Uint8Array.of(0, 1, 0))),
    /has 3 labels for 4 images/,
  ],
  ['labels as images', idx(makeIdx([4], new Uint8Array(4)), fourImages), /has 1 dimensions, not 3/],
  [
    'IDX files with something else',
    idx(fourImages, makeIdx([4], Uint8Array.of(0, 1, 0, 1)), { 'a.png': red }),
    /'a\.png' is no IDX file/,
  ],
  [
    'IDX files cut off',
    idx(fourImages.subarray(0, -1), makeIdx([4], Uint8Array.of(0, 1, 0, 1))),
    /'images-idx3-ubyte' cannot be read: the IDX file should hold 256 numbers/,
  ],
  [
    'labels without a name',
    idx(fourImages, makeIdx([4], Uint8Array.of(0, 1, 0, 1)), { 'classes.txt': 'only' }),
    /There is a label 1, and 'classes.txt' has 1 names/,
  ],
  [
    'numbers that may be NaN or infinite',
    idx(ofType(fourImages, 0x0d), makeIdx([4], Uint8Array.of(0, 1, 0, 1))),
    /'images-idx3-ubyte' cannot be read: only IDX files of unsigned bytes/,
  ],
  [
    'labels that may be negative',
    idx(fourImages, ofType(makeIdx([4], Uint8Array.of(0, 1, 0, 255)), 0x09)),
    /'labels-idx1-ubyte' cannot be read: only IDX files of unsigned bytes/,
  ],
  [
    'a label far out of range',
    idx(fourImages, makeIdx([4], Uint8Array.of(0, 0, 255, 255))),
    /The class '1' has no image/,
  ],
  [
    'a label of the test that training has not',
    makeZip({
      'train-images-idx3-ubyte': fourImages,
      'train-labels-idx1-ubyte': makeIdx([4], Uint8Array.of(0, 1, 0, 1)),
      'test-images-idx3-ubyte': fourImages,
      'test-labels-idx1-ubyte': makeIdx([4], Uint8Array.of(0, 1, 0, 2)),
    }),
    /The class '2' has no image in the images to train on/,
  ],
  [
    'IDX images of another size',
    idx(fourImages, makeIdx([4], Uint8Array.of(0, 1, 0, 1))),
    /leave 'size' out/,
    16,
  ],
]

t.test('what is no dataset is refused with the place and the reason', async t => {
  for (const [name, zip, reason, size] of refused) {
    const bytes = await zip
    const error = await decode(bytes, size).then(
      () => undefined,
      thrown => thrown,
    )
    t.ok(error instanceof UploadRefused, name)
    t.match(error?.message, reason, name)
    t.notMatch(error?.message, /\p{Cc}/u)
    t.ok(error?.message.length <= 501)
  }
})

t.test('a decoder that dies, fails, babbles or hangs ends in a verdict', async t => {
  const standIn = fileURLToPath(new URL('../../support/stand-in-decoder.js', import.meta.url))
  const shares: number[] = []
  const run = (uploadFile: string, signal = new AbortController().signal, decodingMs?: number) =>
    runDecoder(
      standIn,
      { uploadFile, outputDirectory: directory, size: null },
      share => shares.push(share),
      signal,
      decodingMs,
    )
  t.match(await Promise.all(['exits', 'fails', 'babbles'].map(name => run(name))), [
    { kind: 'died', reason: /the decoder ended with 7/ },
    { kind: 'died', reason: 'the disk is full.' },
    { kind: 'died', reason: /different versions/ },
  ])
  t.strictSame(shares, [0.25, 0.25, 0.25])
  t.match(await run('hangs', undefined, 1_000), { kind: 'refused', reason: /minutes to decode/ })
  t.match(await run('hangs', AbortSignal.timeout(100)), { kind: 'workerStops' })
  t.match(await run('hangs', AbortSignal.abort()), { kind: 'workerStops' })
})

function countLabels(labels: Iterable<number>): number[] {
  const counts: number[] = []
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}

/** The flag that is bit 0 of an entry's general purpose bits. */
function encrypt(zip: Buffer, entry: number) {
  zip.writeUInt16LE(zip.readUInt16LE(entry + 8) | 1, entry + 8)
}

/** To the largest that is not looked at by itself. */
function grow(zip: Buffer, entry: number) {
  zip.writeUInt32LE(1024 * 1024, entry + 24)
}

function shrink(zip: Buffer, entry: number) {
  if (zip.readUInt32LE(entry + 24) === zeros.length) zip.writeUInt32LE(1_000, entry + 24)
}

/** Puts a ZIP64 end of the central directory, which can tell of so many entries, before the usual one. */
function forgeCount(zip: Buffer, count: number): Buffer {
  const at = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(zip.readUInt32LE(at + 16)), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(at), 8)
  const end = Buffer.from(zip.subarray(at))
  end.fill(0xff, 8, 20)
  return Buffer.concat([zip.subarray(0, at), record, locator, end])
}

function webp() {
  return makeImage([1, 2, 3], 12, 'webp')
}

/** 25.5 million pixels in some kilobytes. */
function wide() {
  return sharp({ create: { width: 5_000, height: 5_100, channels: 3, background: 'black' } })
    .png()
    .toBuffer()
}
