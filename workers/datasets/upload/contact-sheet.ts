import sharp from 'sharp'
import type { DecodedUpload } from './decoded-upload.js'

const IMAGES_OF_CLASS = 10
const MOST_CLASSES = 50
const SIDE = 48
const GAP = 2

/** A PNG of some training images: a row for each class, in order, at most 50. */
export async function drawContactSheet({ inputShape, classNames, training }: DecodedUpload): Promise<Buffer> {
  const [height, width, channels] = inputShape
  const imageSize = height * width * channels
  const rows = Math.min(classNames.length, MOST_CLASSES)
  const shown = new Array<number>(rows).fill(0)
  const tiles: { input: Buffer; left: number; top: number }[] = []
  for (const [index, label] of training.labels.entries()) {
    const column = shown[label] ?? IMAGES_OF_CLASS
    if (column >= IMAGES_OF_CLASS) continue
    shown[label] = column + 1
    const pixels = training.pixels.subarray(index * imageSize, (index + 1) * imageSize)
    const input = await sharp(pixels, { raw: { height, width, channels: channels === 1 ? 1 : 3 } })
      .toColourspace('srgb')
      .resize(SIDE, SIDE, { fit: 'contain', kernel: 'nearest', background: 'black' })
      .png()
      .toBuffer()
    tiles.push({ input, left: GAP + column * (SIDE + GAP), top: GAP + label * (SIDE + GAP) })
  }
  const across = GAP + IMAGES_OF_CLASS * (SIDE + GAP)
  const down = GAP + rows * (SIDE + GAP)
  return sharp({ create: { width: across, height: down, channels: 3, background: '#888' } })
    .composite(tiles)
    .removeAlpha()
    .png()
    .toBuffer()
}
