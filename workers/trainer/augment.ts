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
 * Draws what is done to an image in an epoch. It depends on the seed, the epoch and the image's index alone,
 * not on its batch; and every kind has a draw of its own, so that one more of them changes none of the
 * others.
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
    const rowOfLine = middleRow + (y - middleRow) * cos
    const columnOfLine = middleColumn - (y - middleRow) * sin
    for (let column = Math.max(0, right); column < lastColumn; column++) {
      if (isCut && column >= blackened.left && column < blackened.right) continue
      const x = flip ? width - 1 - (column - right) : column - right
      const to = (row * width + column) * channels
      if (angle === 0) {
        const from = (y * width + x) * channels
        for (let c = 0; c < channels; c++) target[to + c] = (source[from + c] ?? 0) / 255
        continue
      }
      const fromRow = rowOfLine + (x - middleColumn) * sin
      const fromColumn = columnOfLine + (x - middleColumn) * cos
      const above = Math.floor(fromRow)
      const before = Math.floor(fromColumn)
      const rightward = fromColumn - before
      const downward = fromRow - above
      // The pixel lies between four others, and has of each the more, the nearer it is.
      for (let c = 0; c < channels; c++) {
        const upperLeft = pixelAt(source, height, width, channels, above, before, c)
        const upperRight = pixelAt(source, height, width, channels, above, before + 1, c)
        const lowerLeft = pixelAt(source, height, width, channels, above + 1, before, c)
        const lowerRight = pixelAt(source, height, width, channels, above + 1, before + 1, c)
        const upper = upperLeft + (upperRight - upperLeft) * rightward
        const lower = lowerLeft + (lowerRight - lowerLeft) * rightward
        target[to + c] = (upper + (lower - upper) * downward) / 255
      }
    }
  }
}

/**
 * 0 to 255; outside of the image it is black. Its parameters are numbers, since this runs for every pixel.
 */
function pixelAt(
  source: Uint8Array,
  height: number,
  width: number,
  channels: number,
  row: number,
  column: number,
  channel: number,
): number {
  const isInside = row >= 0 && row < height && column >= 0 && column < width
  return isInside ? (source[(row * width + column) * channels + channel] ?? 0) : 0
}
