import type { Network } from '../../../src/networks/network.js'

/** One number for each of a network's weights, in memory that threads share. */
export class WeightsMemory {
  readonly buffer: SharedArrayBuffer
  /** Of each weight, in the order of the network's. */
  readonly places: readonly { shape: number[]; numbers: Float32Array }[]

  /** @param buffer another thread's; without it memory of its own */
  constructor(network: Network, buffer?: SharedArrayBuffer) {
    const shapes = network.layers.flatMap(layer => layer.weights.map(weight => [...weight.shape]))
    const sizes = shapes.map(shape => shape.reduce((product, length) => product * length, 1))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    this.buffer = buffer ?? new SharedArrayBuffer(total * Float32Array.BYTES_PER_ELEMENT)
    const all = new Float32Array(this.buffer)
    let next = 0
    this.places = shapes.map((shape, place) => {
      const start = next
      next += sizes[place] ?? 0
      return { shape, numbers: all.subarray(start, next) }
    })
  }
}
