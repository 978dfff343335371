import type { Heap, HeapTensor } from './heap.js'

/** Places whose numbers, read and written, stay in the fastest cache. */
const PLACES_AT_ONCE = 16

/** `[batch, height, width, channels]` to `[channels, height, width, batch]`. */
export function swapBatchAndChannels(heap: Heap, x: HeapTensor): HeapTensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
  const places = height * width
  const turned = heap.allocate([channels, height, width, batch])
  const strides = { place: batch, image: 1, channel: places * batch }
  rearrange(heap.view(x), heap.view(turned), { batch, places, channels }, strides)
  return turned
}

/** `[batch, height, width, channels]` to `[height, width, batch, channels]`. */
export function moveBatchInwards(heap: Heap, x: HeapTensor): HeapTensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
  const turned = heap.allocate([height, width, batch, channels])
  const strides = { place: batch * channels, image: channels, channel: 1 }
  rearrange(heap.view(x), heap.view(turned), { batch, places: height * width, channels }, strides)
  return turned
}

/** Some places of all images at a time: upstream's own transposition goes from one end to the other. */
function rearrange(
  from: Float32Array,
  to: Float32Array,
  { batch, places, channels }: { batch: number; places: number; channels: number },
  strides: { place: number; image: number; channel: number },
): void {
  for (let first = 0; first < places; first += PLACES_AT_ONCE) {
    const end = Math.min(places, first + PLACES_AT_ONCE)
    for (let image = 0; image < batch; image++) {
      let source = (image * places + first) * channels
      for (let place = first; place < end; place++) {
        let target = place * strides.place + image * strides.image
        for (const next = source + channels; source < next; source++) {
          to[target] = from[source] ?? 0
          target += strides.channel
        }
      }
    }
  }
}
