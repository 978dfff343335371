import type { Test } from 'tap'
import type { RandomStream } from '../../../workers/random/random-stream.js'

/** Float32 numbers between -1 and 1 around `shift`, so that engine and reference begin with the same. */
export function draw(count: number, random: RandomStream, shift = 0): Float64Array {
  return Float64Array.from({ length: count }, () => Math.fround(2 * random.nextFloat() - 1 + shift))
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

/** @param tolerance the largest error allowed, as a share of the largest number expected */
export function compare(
  t: Test,
  actual: ArrayLike<number>,
  expected: Float64Array,
  what: string,
  tolerance: number,
): void {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6)
  const error = expected.reduce(
    (largest, value, index) => Math.max(largest, Math.abs(value - (actual[index] ?? Number.NaN))),
    0,
  )
  t.equal(actual.length, expected.length, `${what}: as many numbers`)
  t.ok(error / scale < tolerance, `${what}: off by ${(error / scale).toExponential(1)}`)
}
