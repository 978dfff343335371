import sharp from 'sharp'
import type { ImageShape } from '../../networks/network.js'

/** A PNG of `[height, width, channels]` bytes: grey of one channel, colour of three. */
export function drawImage(pixels: Uint8Array, [height, width, channels]: ImageShape): Promise<Buffer> {
  const raw = { height, width, channels: channels === 1 ? (1 as const) : (3 as const) }
  const image = sharp(pixels, { raw })
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer()
}
