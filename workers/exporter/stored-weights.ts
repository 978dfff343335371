import { type FileHandle, open } from 'node:fs/promises'
import type { WeightSpec } from '../../src/networks/layers-model.js'

const BYTES_OF_FLOAT32 = Float32Array.BYTES_PER_ELEMENT

/** The weights in a `weights.bin`, of which only those are read that are asked for. */
export class StoredWeights {
  readonly #places = new Map<string, { offset: number; shape: readonly number[] }>()

  private constructor(
    private readonly file: FileHandle,
    weights: readonly WeightSpec[],
  ) {
    let offset = 0
    for (const { name, shape } of weights) {
      this.#places.set(name, { offset, shape })
      offset += count(shape) * BYTES_OF_FLOAT32
    }
  }

  /** @param weights in the order in which the file holds them */
  static async open(path: string, weights: readonly WeightSpec[]): Promise<StoredWeights> {
    return new StoredWeights(await open(path), weights)
  }

  close(): Promise<void> {
    return this.file.close()
  }

  /** @throws Error where there is no such weight, or the file ends before it */
  async read(name: string): Promise<{ values: Float32Array; shape: readonly number[] }> {
    const place = this.#places.get(name)
    if (!place) throw new Error(`the model has no weight '${name}'`)
    const values = new Float32Array(count(place.shape))
    const { bytesRead } = await this.file.read(
      new Uint8Array(values.buffer),
      0,
      values.byteLength,
      place.offset,
    )
    if (bytesRead < values.byteLength) throw new Error(`weights.bin ends before '${name}' does`)
    return { values, shape: place.shape }
  }
}

/**
 * The numbers of a tensor with its axes in another order, as `tf.transpose` gives them.
 * @param axes for each new axis the old one
 */
export function transpose(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  if (axes.every((axis, place) => axis === place)) return values
  const strides = shape.map((_, axis) => count(shape.slice(axis + 1)))
  const sizes = axes.map(axis => shape[axis] ?? 1)
  const steps = axes.map(axis => strides[axis] ?? 0)
  const turned = new Float32Array(values.length)
  const position = sizes.map(() => 0)
  let from = 0
  for (let to = 0; to < turned.length; to++) {
    turned[to] = values[from] ?? 0
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const [size = 1, step = 0, at = 0] = [sizes[axis], steps[axis], position[axis]]
      from += step
      position[axis] = at + 1
      if (at + 1 < size) break
      position[axis] = 0
      from -= step * size
    }
  }
  return turned
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
