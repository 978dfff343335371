/** Pixels between tiles, and around them. */
export const TILE_GAP = 1
/** Small ones are enlarged to about so many pixels, as long as there is room. */
const COMFORTABLE_SIDE = 64
const MOST_SIDE = 2048

export interface TilePlan {
  columns: number
  rows: number
  /** How many times as large each tile is drawn. */
  scale: number
  /** Of the whole drawing, in pixels. */
  width: number
  height: number
}

/** How `count` tiles of a size are laid out in a square; undefined where a drawing of 2048 x 2048 has no room for them. */
export function planTiles(count: number, tile: { height: number; width: number }): TilePlan | undefined {
  const columns = Math.ceil(Math.sqrt(count))
  const rows = Math.ceil(count / columns)
  const longer = Math.max(tile.height, tile.width)
  for (let scale = Math.max(1, Math.floor(COMFORTABLE_SIDE / longer)); scale >= 1; scale--) {
    const width = TILE_GAP + columns * (tile.width * scale + TILE_GAP)
    const height = TILE_GAP + rows * (tile.height * scale + TILE_GAP)
    if (Math.max(width, height) <= MOST_SIDE) return { columns, rows, scale, width, height }
  }
  return undefined
}
