import sharp from 'sharp'
import type { ModelImage } from '../../src/training/contract.js'
import { Failure } from './failure.js'

const MOST_PIXELS = 16_000_000

/**
 * An image as a model takes it: `height * width * channels` numbers, 0 to 1, row by row.
 * @param inputShape `[height, width, channels]`, of 1 channel (grey) or 3 (RGB)
 * @throws Failure when it is no such image
 */
export async function readImage(
  image: ModelImage,
  inputShape: readonly [height: number, width: number, channels: number],
): Promise<Float32Array> {
  const values = await readValues(image, inputShape)
  const invert = image.format === 'pixels' && image.invert
  return Float32Array.from(values, value => (invert ? 255 - value : value) / 255)
}

function readValues(
  image: ModelImage,
  inputShape: readonly [height: number, width: number, channels: number],
): ArrayLike<number> | Promise<ArrayLike<number>> {
  switch (image.format) {
    case 'bytes':
      return Buffer.from(image.data, 'base64')
    case 'pixels':
      return takePixels(image.pixels, inputShape)
    default:
      return decodeFile(image, inputShape)
  }
}

/** Keeps its proportions: what is missing to the model's format is filled with the ground's colour. */
async function decodeFile(
  image: Extract<ModelImage, { format: 'png' | 'jpeg' }>,
  [height, width, channels]: readonly [number, number, number],
): Promise<Uint8Array> {
  try {
    const input = sharp(Buffer.from(image.data, 'base64'), { limitInputPixels: MOST_PIXELS, failOn: 'error' })
    const { format } = await input.metadata()
    if (format !== image.format) {
      throw refuse(`The image is not a ${image.format.toUpperCase()} file but ${format}.`)
    }
    // See-through parts count as ground: white paper when the image is to be inverted, else black.
    const upright = input.autoOrient().flatten({ background: image.invert ? 'white' : 'black' })
    const coloured = upright.toColourspace(channels === 1 ? 'b-w' : 'srgb')
    const grey = channels === 1 ? coloured.greyscale() : coloured
    const inverted = image.invert ? grey.negate({ alpha: false }) : grey
    return await inverted.resize(width, height, { fit: 'contain', background: 'black' }).raw().toBuffer()
  } catch (error) {
    if (error instanceof Failure) throw error
    throw refuse(`The image cannot be decoded: ${error instanceof Error ? error.message : error}.`)
  }
}

function takePixels(
  pixels: number[][],
  [height, width, channels]: readonly [number, number, number],
): number[] {
  if (pixels.length !== height || pixels.some(row => row.length !== width * channels)) {
    throw refuse(`The pixels must be ${height} rows of ${width * channels} numbers.`)
  }
  return pixels.flat()
}

function refuse(message: string): Failure {
  const hint = 'Send a PNG or JPEG image of at most 16 megapixels, or pixels of the model’s own input size.'
  return new Failure({ code: 'IMAGE_UNREADABLE', message, hint, fault: 'spec' })
}
