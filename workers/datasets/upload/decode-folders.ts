import type { Archive } from '../../../src/platform/archive.js'
import { UploadRefused } from '../../../src/platform/upload-refused.js'
import { datasetLimits } from '../../../src/training/contract.js'
import type { ImageSet } from '../dataset.js'
import { type LabelledFile, readClassFolders } from './class-folders.js'
import { checkDecodedBytes, type DecodedUpload, type OnProgress } from './decoded-upload.js'
import { readPixels, readSize, type Size } from './image-file.js'
import { splitByClass, splitDescription } from './split.js'

const COLOURS = 3

/**
 * Decodes the images of class folders to one size; grey ones to one channel.
 * @param size the side of all images; null for the median of their heights and widths
 * @throws UploadRefused, which names the file
 */
export async function decodeFolders(
  archive: Archive,
  size: number | null,
  onProgress: OnProgress,
): Promise<DecodedUpload> {
  const { classNames, files } = readClassFolders(archive.files, archive.folders)
  // Each file is read twice, for its size and for its pixels.
  let read = 0
  const tell = () => onProgress(++read / (2 * files.length))
  const median = await measure(archive, files, tell)
  const chosen = size === null ? median : { height: size, width: size }
  checkDecodedBytes(files.length, chosen, COLOURS)
  const sets = splitFiles(files, classNames.length)
  const training = await decode(archive, sets.training, chosen, tell)
  const test = await decode(archive, sets.test, chosen, tell)
  const isGrey = [training, test].every(hasNoColour)
  if (isGrey) for (const set of [training, test]) keepOneChannel(set)
  return {
    inputShape: [chosen.height, chosen.width, isGrey ? 1 : COLOURS],
    classNames,
    split: sets.split,
    training,
    test,
  }
}

/** The median of their heights and of their widths, within what is taken. */
async function measure(archive: Archive, files: readonly LabelledFile[], tell: () => void): Promise<Size> {
  const heights: number[] = []
  const widths: number[] = []
  let pixels = 0
  for (const { path } of files) {
    const { height, width } = await readSize(archive, path)
    heights.push(height)
    widths.push(width)
    pixels += height * width
    if (pixels > datasetLimits.pixels) {
      throw new UploadRefused(
        `The images have more than ${datasetLimits.pixels / 1e6} million pixels together: make them smaller.`,
      )
    }
    tell()
  }
  return { height: median(heights), width: median(widths) }
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b)
  const { min, max } = datasetLimits.side
  return Math.min(max, Math.max(min, sorted[Math.floor((sorted.length - 1) / 2)] ?? min))
}

function splitFiles(files: readonly LabelledFile[], classes: number) {
  if (files.some(file => file.set !== undefined)) {
    return {
      training: files.filter(file => file.set === 'training'),
      test: files.filter(file => file.set === 'test'),
      split: 'As uploaded: folders train/ and test/.',
    }
  }
  const labels = files.map(file => file.label)
  const { training, test } = splitByClass(labels, classes)
  const pick = (indices: readonly number[]) => indices.flatMap(index => files[index] ?? [])
  return { training: pick(training), test: pick(test), split: splitDescription }
}

async function decode(
  archive: Archive,
  files: readonly LabelledFile[],
  size: Size,
  tell: () => void,
): Promise<ImageSet> {
  const imageSize = size.height * size.width * COLOURS
  const pixels = new Uint8Array(files.length * imageSize)
  for (const [index, { path }] of files.entries()) {
    pixels.set(await readPixels(archive, path, size), index * imageSize)
    tell()
  }
  return { count: files.length, pixels, labels: Uint8Array.from(files, file => file.label) }
}

function hasNoColour({ pixels }: ImageSet): boolean {
  for (let at = 0; at < pixels.length; at += COLOURS) {
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) return false
  }
  return true
}

/** In place: there may be half a gigabyte of them. */
function keepOneChannel(set: ImageSet): void {
  const { pixels } = set
  const count = pixels.length / COLOURS
  for (let at = 0; at < count; at++) pixels[at] = pixels[at * COLOURS] ?? 0
  set.pixels = pixels.subarray(0, count)
}
