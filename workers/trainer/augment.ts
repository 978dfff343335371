import type { Augmentation } from '../../src/training/contract.js'
import { RandomStream } from '../random/random-stream.js'

type ImageShape = readonly [height: number, width: number, channels: number]

/** What is done to one image: it is turned, then mirrored, then moved, and last a part of it is blackened. */
export interface Distortion {
  /** Radians, anticlockwise, about the centre. */
  angle: number
  flip: boolean
  /** Whole pixels downwards and to the right. */
  shift: readonly [rows: number, columns: number]
  /** Rows and columns from the first to before the last; they may lie outside of the image. */
  blackened: { top: number; left: number; bottom: number; right: number }
}

/**
 * Draws what is done to an image in an epoch. It depends on the seed, the epoch and the image's index alone, not on
 * its batch; and every kind has a draw of its own, so that one more of them changes none of the others.
 */
export function drawDistortion(
  { rotation, horizontalFlip, shift, cropPadding, cutout }: Augmentation,
  [height, width]: ImageShape,
  seed: number,
  epoch: number,
  index: number,
): Distortion {
  const random = new RandomStream(seed, 'augmentation', [epoch, index])
  /** A whole number from -most to most. */
  const around = (most: number) => Math.floor(random.nextFloat() * (2 * most + 1)) - most
  const angle = ((2 * random.nextFloat() - 1) * rotation * Math.PI) / 180
  const flip = random.nextFloat() < 0.5 && horizontalFlip
  const rows = around(Math.floor(shift * height)) + around(cropPadding)
  const columns = around(Math.floor(shift * width)) + around(cropPadding)
  const top = Math.floor(random.nextFloat() * height) - Math.floor(cutout / 2)
  const left = Math.floor(random.nextFloat() * width) - Math.floor(cutout / 2)
  return {
    angle,
    flip,
    shift: [rows, columns],
    blackened: { top, left, bottom: top + cutout, right: left + cutout },
  }
}

/**
 * Writes a distorted image.
 * @param source the image's pixels, 0 to 255
 * @param target as many numbers, 0 to 1; all zero before, since black is left out
 */
export function distort(
  { angle, flip, shift, blackened }: Distortion,
  [height, width, channels]: ImageShape,
  source: Uint8Array,
  target: Float32Array,
): void {
  const [down, right] = shift
  const middleRow = (height - 1) / 2
  const middleColumn = (width - 1) / 2
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  const lastRow = Math.min(height, height + down)
  const lastColumn = Math.min(width, width + right)
  for (let row = Math.max(0, down); row < lastRow; row++) {
    const isCut = row >= blackened.top && row < blackened.bottom
    const y = row - down
    for (let column = Math.max(0, right); column < lastColumn; column++) {
      if (isCut && column >= blackened.left && column < blackened.right) continue
      const x = flip ? width - 1 - (column - right) : column - right
      const to = (row * width + column) * channels
      if (angle === 0) {
        const from = (y * width + x) * channels
        for (let c = 0; c < channels; c++) target[to + c] = (source[from + c] ?? 0) / 255
      } else {
        const fromRow = middleRow + (x - middleColumn) * sin + (y - middleRow) * cos
        const fromColumn = middleColumn + (x - middleColumn) * cos - (y - middleRow) * sin
        interpolate(source, height, width, channels, fromRow, fromColumn, target, to)
      }
    }
  }
}

/** A pixel between four others, by its distance to each; what lies outside of the image is black. */
function interpolate(
  source: Uint8Array,
  height: number,
  width: number,
  channels: number,
  row: number,
  column: number,
  target: Float32Array,
  to: number,
): void {
  const above = Math.floor(row)
  const before = Math.floor(column)
  const below = row - above
  const after = column - before
  const from = (above * width + before) * channels
  const next = from + width * channels
  if (above >= 0 && above < height - 1 && before >= 0 && before < width - 1) {
    for (let c = 0; c < channels; c++) {
      const upperLeft = source[from + c] ?? 0
      const lowerLeft = source[next + c] ?? 0
      const upper = upperLeft + ((source[from + channels + c] ?? 0) - upperLeft) * after
      const lower = lowerLeft + ((source[next + channels + c] ?? 0) - lowerLeft) * after
      target[to + c] = (upper + (lower - upper) * below) / 255
    }
    return
  }
  const isAbove = above >= 0 && above < height
  const isBelow = above >= -1 && above < height - 1
  const isBefore = before >= 0 && before < width
  const isAfter = before >= -1 && before < width - 1
  for (let c = 0; c < channels; c++) {
    const upperLeft = isAbove && isBefore ? (source[from + c] ?? 0) : 0
    const upperRight = isAbove && isAfter ? (source[from + channels + c] ?? 0) : 0
    const lowerLeft = isBelow && isBefore ? (source[next + c] ?? 0) : 0
    const lowerRight = isBelow && isAfter ? (source[next + channels + c] ?? 0) : 0
    const upper = upperLeft + (upperRight - upperLeft) * after
    const lower = lowerLeft + (lowerRight - lowerLeft) * after
    target[to + c] = (upper + (lower - upper) * below) / 255
  }
}
