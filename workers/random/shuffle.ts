import type { RandomStream } from './random-stream.js'

/** Shuffles in place; every order is equally likely (Fisher and Yates; D. E. Knuth, TAOCP 2, algorithm P). */
export function shuffle(items: Uint32Array, random: RandomStream): Uint32Array {
  for (let last = items.length - 1; last > 0; last--) {
    const chosen = random.nextBelow(last + 1)
    const item = items[last] ?? 0
    items[last] = items[chosen] ?? 0
    items[chosen] = item
  }
  return items
}

/** 0 to `count` - 1 in an order chosen by the stream. */
export function permutation(count: number, random: RandomStream): Uint32Array {
  return shuffle(
    Uint32Array.from({ length: count }, (_, index) => index),
    random,
  )
}
