import sharp from 'sharp'

export interface Pixels {
  /** Bytes, row by row, the channels of each pixel together. */
  bytes: Uint8Array
  height: number
  width: number
  /** 1 for grey, 3 for red, green and blue. */
  channels: number
}

/** Pixels as a PNG. */
export function drawPng({ bytes, height, width, channels }: Pixels): Promise<Buffer> {
  const raw = { height, width, channels: channels === 1 ? (1 as const) : (3 as const) }
  const image = sharp(bytes, { raw })
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer()
}
