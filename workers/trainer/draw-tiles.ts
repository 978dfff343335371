import { drawPng } from '../../src/platform/draw-png.js'
import { planTiles, TILE_GAP } from '../../src/training/contract.js'

/** Between the tiles: what is drawn in them is seldom of one grey alone. */
const GROUND = 128

interface TileShape {
  height: number
  width: number
  /** 1 for grey, 3 for colour. */
  channels: 1 | 3
}

/** The numbers of each channel, where they come with the channels last. */
export function splitChannels(values: ArrayLike<number>, channels: number): number[][] {
  return Array.from({ length: channels }, (_, channel) =>
    Array.from({ length: values.length / channels }, (_, place) => values[place * channels + channel] ?? 0),
  )
}

/**
 * A PNG of tiles side by side, row by row. Each tile's lowest number is drawn black and its highest white, what lies
 * between in proportion; one that is the same everywhere is black.
 * @param tiles each of `[height, width, channels]`
 */
export async function drawTiles(tiles: readonly number[][], shape: TileShape): Promise<Buffer> {
  const plan = planTiles(tiles.length, shape)
  if (!plan) throw new Error('more tiles than a drawing has room for')
  const { columns, scale, width, height } = plan
  const { channels } = shape
  const bytes = new Uint8Array(width * height * channels).fill(GROUND)
  for (const [index, values] of tiles.entries()) {
    const left = TILE_GAP + (index % columns) * (shape.width * scale + TILE_GAP)
    const top = TILE_GAP + Math.floor(index / columns) * (shape.height * scale + TILE_GAP)
    const levels = stretch(values)
    for (let y = 0; y < shape.height * scale; y++) {
      for (let x = 0; x < shape.width * scale; x++) {
        const source = (Math.floor(y / scale) * shape.width + Math.floor(x / scale)) * channels
        const target = ((top + y) * width + left + x) * channels
        for (let channel = 0; channel < channels; channel++)
          bytes[target + channel] = levels[source + channel] ?? 0
      }
    }
  }
  return drawPng({ bytes, height, width, channels })
}

/** 0 for the lowest, 255 for the highest. */
function stretch(values: readonly number[]): number[] {
  const lowest = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
  const highest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  const range = highest - lowest
  return values.map(value => (range > 0 ? Math.round((255 * (value - lowest)) / range) : 0))
}
