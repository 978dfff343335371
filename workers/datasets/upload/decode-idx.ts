import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Archive } from '../../../src/platform/archive.js'
import { describeCause, UploadRefused } from '../../../src/platform/upload-refused.js'
import { datasetLimits } from '../../../src/training/contract.js'
import type { ImageSet } from '../dataset.js'
import { parseIdx } from '../idx.js'
import { checkClassNames, checkCounts } from './class-names.js'
import { checkDecodedBytes, type DecodedUpload, type OnProgress } from './decoded-upload.js'
import { splitByClass, splitDescription } from './split.js'

const unzip = promisify(gunzip)
const idxName = /idx\d?-ubyte(\.gz)?$/
const namesFile = /(^|\/)classes\.txt$/
const hint =
  'Send images and labels (train-images-idx3-ubyte, train-labels-idx1-ubyte), gzipped or not, with t10k- or test- ' +
  'beside them where the test is apart, and class names in classes.txt, one a line.'

/** Whether a zip holds IDX files rather than folders of images. */
export function isIdx(files: readonly string[]): boolean {
  return files.some(file => idxName.test(file))
}

/** Decodes images and labels in the format that MNIST is published in. @throws UploadRefused */
export async function decodeIdx(
  archive: Archive,
  size: number | null,
  onProgress: OnProgress,
): Promise<DecodedUpload> {
  const stray = archive.files.find(file => !idxName.test(file) && !namesFile.test(file))
  if (stray !== undefined) throw new UploadRefused(`'${stray}' is no IDX file. ${hint}`)
  const all = await readPair(archive, /(^|\/)(train-?)?(images|labels)/)
  if (!all) throw new UploadRefused(`There are no images with their labels. ${hint}`)
  onProgress(0.5)
  const test = await readPair(archive, /(^|\/)(t10k|test)-?(images|labels)/)
  const { height, width } = all
  if (size !== null && (size !== height || size !== width)) {
    throw new UploadRefused(`IDX images are taken as they are, ${height}x${width}: leave 'size' out.`)
  }
  if (test && (test.height !== height || test.width !== width)) {
    throw new UploadRefused('The images to train on and those to test with are of different sizes.')
  }
  checkDecodedBytes(all.labels.length + (test?.labels.length ?? 0), all, 1)
  const classNames = await readClassNames(archive, test ? [all, test] : [all])
  const inputShape: DecodedUpload['inputShape'] = [height, width, 1]
  if (test) {
    checkCounts(classNames, all.labels, 'the images to train on')
    checkCounts(classNames, test.labels, 'the images to test with')
    const sets = { training: all, test }
    return { inputShape, classNames, split: 'As uploaded: two pairs of IDX files.', ...sets }
  }
  checkCounts(classNames, all.labels, undefined)
  const chosen = splitByClass([...all.labels], classNames.length)
  const sets = { training: take(all, chosen.training), test: take(all, chosen.test) }
  return { inputShape, classNames, split: splitDescription, ...sets }
}

interface Pair extends ImageSet {
  height: number
  width: number
}

async function readPair(archive: Archive, pattern: RegExp): Promise<Pair | undefined> {
  const matching = archive.files.filter(file => pattern.test(file))
  const imagesFile = matching.find(file => file.includes('images'))
  const labelsFile = matching.find(file => file.includes('labels'))
  if (imagesFile === undefined || labelsFile === undefined) return undefined
  const { shape, values: pixels } = await readIdx(archive, imagesFile, 3)
  const [count = 0, height = 0, width = 0] = shape
  const { values: labels } = await readIdx(archive, labelsFile, 1)
  if (labels.length !== count) {
    throw new UploadRefused(`'${labelsFile}' has ${labels.length} labels for ${count} images.`)
  }
  const { min, max } = datasetLimits.side
  if (Math.min(height, width) < min || Math.max(height, width) > max) {
    throw new UploadRefused(`The images are ${height}x${width}: each side must be ${min} to ${max} pixels.`)
  }
  if (count > datasetLimits.images) {
    throw new UploadRefused(
      `There are ${count} images in '${imagesFile}'; ${datasetLimits.images} are taken.`,
    )
  }
  return { count, height, width, pixels, labels }
}

async function readIdx(archive: Archive, file: string, rank: number) {
  const most = datasetLimits.idxFileBytes
  const bytes = await archive.read(file, most)
  try {
    const parsed = parseIdx(file.endsWith('.gz') ? await unzip(bytes, { maxOutputLength: most }) : bytes)
    if (parsed.shape.length === rank) return parsed
    throw new RangeError(`it has ${parsed.shape.length} dimensions, not ${rank}`)
  } catch (error) {
    throw new UploadRefused(`'${file}' cannot be read: ${describeCause(error)}.`)
  }
}

/** Those of classes.txt, or the numbers. @throws UploadRefused where a label has none */
async function readClassNames(archive: Archive, pairs: readonly Pair[]): Promise<string[]> {
  const file = archive.files.find(name => namesFile.test(name))
  const largest = pairs.reduce((most, { labels }) => labels.reduce((a, b) => Math.max(a, b), most), 0)
  const names =
    file === undefined
      ? Array.from({ length: largest + 1 }, (_, label) => String(label))
      : (await archive.read(file, 1024 ** 2)).toString('utf8').trimEnd().split(/\r?\n/)
  if (names.length <= largest) {
    throw new UploadRefused(`There is a label ${largest}, and '${file}' has ${names.length} names.`)
  }
  checkClassNames(names)
  return names
}

function take(pair: Pair, indices: readonly number[]): ImageSet {
  const imageSize = pair.height * pair.width
  const pixels = new Uint8Array(indices.length * imageSize)
  for (const [place, index] of indices.entries()) {
    pixels.set(pair.pixels.subarray(index * imageSize, (index + 1) * imageSize), place * imageSize)
  }
  return {
    count: indices.length,
    pixels,
    labels: Uint8Array.from(indices, index => pair.labels[index] ?? 0),
  }
}
