import sharp from 'sharp'

export interface Pixels {
  /** Bytes, row by row, the channels of each pixel together. */
  bytes: Uint8Array
  height: number
  width: number
  /** 1 for grey, 3 for red, green and blue. */
  channels: number
}

/** Pixels as a PNG, made smaller where the longer side has more than `mostSide` of them. */
export function drawPng(
  { bytes, height, width, channels }: Pixels,
  mostSide = Math.max(height, width),
): Promise<Buffer> {
  const raw = { height, width, channels: channels === 1 ? (1 as const) : (3 as const) }
  const size = { width: mostSide, height: mostSide, fit: 'inside', withoutEnlargement: true } as const
  const image =
    Math.max(height, width) > mostSide ? sharp(bytes, { raw }).resize(size) : sharp(bytes, { raw })
  return (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer()
}
