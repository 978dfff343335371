import { rememberFor } from '../src/platform/remember.js'
import { askNvidia, nameCards } from './cards.js'

export interface CardUse {
  /** As CUDA_VISIBLE_DEVICES names it. */
  readonly index: string
  /** Share of the time in which it computed; undefined where the driver doesn't tell. */
  readonly busy: number | undefined
  readonly memoryUsedBytes: number | undefined
}

const rememberedMs = 2_000

/** How this worker's cards are used just now; none where there are none, or NVIDIA's tool is not there. */
export const readCardUse: () => Promise<CardUse[]> = rememberFor(rememberedMs, async () => {
  const cards = nameCards()
  if (cards.length === 0) return []
  const listing = await askNvidia(['index', 'uuid', 'utilization.gpu', 'memory.used']).catch(() => '')
  return parseCardUse(cards, listing)
})

/** @param listing lines of index, id, use in percent and memory in MiB, as `nvidia-smi` writes them */
export function parseCardUse(cards: readonly string[], listing: string): CardUse[] {
  return listing.split('\n').flatMap(line => {
    const [number = '', uuid = '', percent, mebibytes] = line.split(',').map(cell => cell.trim())
    const index = cards.find(card => card === number || card === uuid)
    if (index === undefined) return []
    const [busy, memory] = [readNumber(percent), readNumber(mebibytes)]
    return [
      {
        index,
        busy: busy === undefined ? undefined : busy / 100,
        memoryUsedBytes: memory === undefined ? undefined : memory * 1024 * 1024,
      },
    ]
  })
}

/** What a card does not tell is written as `[N/A]`. */
function readNumber(cell: string | undefined): number | undefined {
  return cell === undefined || cell === '' || Number.isNaN(Number(cell)) ? undefined : Number(cell)
}
