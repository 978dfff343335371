import { RandomStream } from '../../random/random-stream.js'
import { permutation } from '../../random/shuffle.js'

/** Never to be changed: it would change what a test accuracy was measured on. */
const SPLIT_SEED = 80_20
const TEST_SHARE = 0.2

export const splitDescription =
  'Drawn by a fixed seed: of each class 80 % to train on and 20 % to test with, at least one.'

/**
 * Draws a fifth of each class for the test.
 * @returns indices into `labels`, in order
 */
export function splitByClass(
  labels: readonly number[],
  classes: number,
): { training: number[]; test: number[] } {
  const members = Array.from({ length: classes }, () => [] as number[])
  for (const [index, label] of labels.entries()) members[label]?.push(index)
  const isTest = new Set<number>()
  for (const [label, indices] of members.entries()) {
    const order = permutation(indices.length, new RandomStream(SPLIT_SEED, 'split', [label, 0]))
    const count = Math.max(1, Math.round(indices.length * TEST_SHARE))
    for (const place of order.subarray(0, count)) isTest.add(indices[place] ?? 0)
  }
  const training = labels.flatMap((_, index) => (isTest.has(index) ? [] : [index]))
  return { training, test: [...isTest].sort((a, b) => a - b) }
}
