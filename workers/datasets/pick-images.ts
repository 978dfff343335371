import type { ImageSet } from './dataset.js'

/** Copies of the images at these places, in this order. */
export function pickImages({ count, pixels, labels }: ImageSet, places: Uint32Array): ImageSet {
  const size = pixels.length / count
  const picked = new Uint8Array(places.length * size)
  for (const [place, index] of places.entries()) {
    picked.set(pixels.subarray(index * size, (index + 1) * size), place * size)
  }
  return {
    count: places.length,
    pixels: picked,
    labels: Uint8Array.from(places, index => labels[index] ?? 0),
  }
}
